"""What one client, and all of them together, may use."""

from typing import Annotated

from pydantic import Field

from voice_server.settings.section import Seconds, Section


class LimitSettings(Section):
    """What one client, and all of them together, may use. Every hit is counted by name."""

    sessions_max: Annotated[int, Field(ge=1)] = 200
    """Sessions of this process; whoever comes then is told when to come again."""
    sessions_per_ip_max: Annotated[int, Field(ge=1)] = 20
    """Of one address, so that nobody takes every place."""
    sessions_per_user_max: Annotated[int, Field(ge=1)] = 3
    """Where keys are asked for; all devices with one key are one user."""
    arrivals_per_s_max: Annotated[int, Field(ge=1)] = 100
    """Sessions that may begin per second; two seconds' worth of them may come at once. After a
    restart everybody comes back within seconds."""
    arrivals_per_s_per_ip_max: Annotated[int, Field(ge=1)] = 5
    """The same, from one address beyond this machine."""
    arrivals_per_s_local_max: Annotated[int, Field(ge=1)] = 50
    """The same, from one address of this machine (loopback)."""
    loop_lag_ms_max: Annotated[int, Field(ge=1)] = 50
    """Newcomers to those who talk are refused while the event loop wakes up later than this (95th
    percentile of ten seconds), and until it is back at half of it."""
    memory_share_max: Annotated[float, Field(gt=0, le=1)] = 0.85
    """And while this process takes more of the machine's memory, or its container's."""
    polite_refusals_per_s_max: Annotated[int, Field(ge=1)] = 50
    """Pages that are told on a WebSocket why they are refused, since they cannot read a status. It
    costs twice as much as a status; the rest get that."""
    connections_max: Annotated[int, Field(ge=1)] = 1000
    """Connections of any kind, counted before TLS and before the upgrade."""
    connections_per_ip_max: Annotated[int, Field(ge=1)] = 20
    """From one IPv4 address or one IPv6 network of 64 bits, beyond this machine."""
    connections_local_max: Annotated[int, Field(ge=1)] = 200
    """From one address of this machine (loopback)."""
    header_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """A TLS handshake, and after it the head of a request, must have come by then."""
    head_bytes_max: Annotated[int, Field(ge=1024)] = 32_768
    """Request line and headers together; each line of them has at most 8190 bytes."""
    keep_alive_s: Annotated[float, Field(gt=0)] = 75.0
    """A connection may be idle so long between two requests."""
    control_frames_per_s: Annotated[int, Field(ge=1)] = 10
    """WebSocket pings and pongs; ten seconds' worth of them may come at once."""
    frames_per_s: Annotated[int, Field(ge=1)] = 2000
    """WebSocket frames of any kind; four seconds' worth of them may come at once. Browsers that
    send every 128 samples that they get are well below it."""
    fragments_max: Annotated[int, Field(ge=1)] = 1024
    """Frames of which a WebSocket message may be made."""
    message_bytes_max: Annotated[int, Field(ge=1024)] = 65_552
    """64 KiB of audio and the frame header."""
    text_bytes_max: Annotated[int, Field(ge=1024)] = 16_384
    """A text message: long instructions fit, what costs time to parse does not."""
    hello_timeout_s: Seconds = 5.0
    """Whoever has connected and does not open a session keeps a place for so long at most."""
    idle_timeout_s: Seconds = 120.0
    """Without audio or messages; 0 never."""
    idle_warning_s: Seconds = 30.0
    """So long before its end an idle session is told."""
    session_s_max: Seconds = 3600.0
    """From its beginning, over as many connections as it takes; 0 never ends."""
    session_warning_s: Seconds = 60.0
    """So long before its end a session is told."""
    turns_max: Annotated[int, Field(ge=0)] = 0
    """Turns of one session; 0: as many as there is time for."""
    bad_messages_max: Annotated[int, Field(ge=1)] = 20
    """In a row; then the connection is closed."""
    control_messages_per_s: Annotated[int, Field(ge=1)] = 60
    """All but audio; two seconds' worth of them may come at once. Whoever is faster has to wait."""
    cancels_per_s: Annotated[int, Field(ge=1)] = 5
    """Those of them that stop a reply."""
    flood_s_max: Annotated[float, Field(gt=0)] = 10.0
    """A client that had to wait for so long without ever slowing down is cut off."""
    audio_burst_s: Annotated[float, Field(ge=1)] = 60.0
    """Audio may arrive this far ahead of real time."""
    audio_rate_max: Annotated[float, Field(ge=1)] = 2.0
    """Seconds of audio per second once the burst is used up."""
    out_queue_bytes_max: Annotated[int, Field(ge=4096)] = 262_144
    """What may wait for a client that reads slowly; partials and states that are outdated go first,
    finals never."""
    send_timeout_s: Seconds = 5.0
    """A client that takes nothing for so long is told that it is too slow, and let go."""
    resume_s: Seconds = 120.0
    """A session is kept so long for a client whose connection broke; 0 never."""
    journal_events_max: Annotated[int, Field(ge=16)] = 1024
    """What a session has said is kept for such a client: so many events,"""
    journal_bytes_max: Annotated[int, Field(ge=4096)] = 524_288
    """so much text,"""
    journal_s_max: Annotated[float, Field(gt=0)] = 180.0
    """and so old: longer than `resume_s`, because a dead connection is found late."""
    journal_audio_s_max: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Audio of replies, of what was sent last."""
    ping_interval_s: Seconds = 15.0
    """Between WebSocket pings; a client is gone that has not answered one after half of it."""
    loop_stall_ms: Annotated[int, Field(ge=50)] = 500
    """An event loop that stands still for so long is logged, with the place."""
    lead_ms_max: Annotated[int, Field(ge=100, le=10_000)] = 2000
    """Audio sent ahead of playback at most."""
