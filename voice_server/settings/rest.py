"""The limits of the endpoints that take one request and give one answer: files, speech, chat."""

from typing import Annotated

from pydantic import Field

from voice_server.settings.section import Section


class RestSettings(Section):
    """The OpenAI-compatible REST endpoints. Conversations come first: keep the numbers small."""

    transcriptions_max: Annotated[int, Field(ge=1)] = 2
    """Files that may be transcribed at once."""
    speeches_max: Annotated[int, Field(ge=1)] = 8
    """Texts that may be read out at once."""
    chats_max: Annotated[int, Field(ge=1)] = 32
    """Chat completions that may be under way at once."""
    upload_bytes_max: Annotated[int, Field(ge=1024)] = 26_214_400
    """A recording; 25 MiB, as OpenAI's."""
    upload_timeout_s: Annotated[float, Field(gt=0)] = 120.0
    """A request must have arrived whole by then."""
    recording_s_max: Annotated[int, Field(ge=1)] = 7200
    """Seconds of audio in a recording: few bytes can be many hours."""
    body_bytes_max: Annotated[int, Field(ge=1024)] = 1_048_576
    """A JSON request."""
    speech_chars_max: Annotated[int, Field(ge=1)] = 4096
    """Characters to be read out by one request."""
    chat_tokens_max: Annotated[int, Field(ge=1, le=32768)] = 4096
    """Tokens of one chat completion, whatever is asked for."""
    stall_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    """A client that takes nothing of its answer for so long is cut off."""
