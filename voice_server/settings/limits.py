"""What one client, and all of them together, may use."""

from typing import Annotated

from pydantic import Field

from voice_server.settings.section import Seconds, Section


class LimitSettings(Section):
    """What one client, and all of them together, may use. Every hit is counted by name."""

    sessions_max: Annotated[int, Field(ge=1)] = 200
    sessions_per_ip_max: Annotated[int, Field(ge=1)] = 20
    message_bytes_max: Annotated[int, Field(ge=1024)] = 65_552
    """64 KiB of audio and the frame header."""
    text_bytes_max: Annotated[int, Field(ge=1024)] = 16_384
    hello_timeout_s: Seconds = 5.0
    idle_timeout_s: Seconds = 120.0
    """Without audio or messages; 0 never."""
    idle_warning_s: Seconds = 30.0
    session_s_max: Seconds = 3600.0
    session_warning_s: Seconds = 60.0
    bad_messages_max: Annotated[int, Field(ge=1)] = 20
    """In a row; then the connection is closed."""
    control_messages_per_s: Annotated[int, Field(ge=1)] = 60
    audio_burst_s: Annotated[float, Field(ge=1)] = 60.0
    """Audio may arrive this far ahead of real time."""
    audio_rate_max: Annotated[float, Field(ge=1)] = 2.0
    """Seconds of audio per second once the burst is used up."""
    out_queue_bytes_max: Annotated[int, Field(ge=4096)] = 262_144
    send_timeout_s: Seconds = 5.0
    ping_interval_s: Seconds = 15.0
    lead_ms_max: Annotated[int, Field(ge=100, le=10_000)] = 2000
    """Audio sent ahead of playback at most."""
