"""Tools that the language model may call."""

from typing import Annotated

from pydantic import Field

from voice_server.settings.section import Seconds, Section


class ToolSettings(Section):
    """What the server does for the language model, and how much of it."""

    functions: tuple[str, ...] = ()
    """Python functions that every conversation may use, as `module:function`."""
    timeout_s: Seconds = 10.0
    """A function that takes longer has failed."""
    output_bytes_max: Annotated[int, Field(ge=256)] = 16_384
    """Of an answer; the rest is not told to the model."""
    rounds_max: Annotated[int, Field(ge=1, le=50)] = 5
    """Replies in a row that may call tools; then the model has to speak."""
    offered_max: Annotated[int, Field(ge=0, le=1000)] = 64
    """Tools a client may offer."""
