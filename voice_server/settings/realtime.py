"""The endpoint for OpenAI's Realtime clients."""

from typing import Annotated

from pydantic import Field

from voice_server.settings.section import Seconds, Section


class RealtimeSettings(Section):
    """OpenAI's Realtime protocol: its clients send audio as text."""

    message_bytes_max: Annotated[int, Field(ge=16_384, le=33_554_432)] = 1_048_576
    """One message; OpenAI takes 15 MiB of audio, which is 20 MiB of base64."""
    idle_timeout_s: Seconds = 900.0
    """Without audio or messages, in place of `limits.idle_timeout_s`; OpenAI waits for ever."""
