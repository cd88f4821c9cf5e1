"""What one user may use in a day."""

from typing import Annotated

from pydantic import Field

from voice_server.settings.section import Section


class BudgetSettings(Section):
    """What one user may use from midnight to midnight (UTC), where keys are asked for. 0: all."""

    audio_min_max: Annotated[int, Field(ge=0)] = 120
    """Minutes of speech to recognise, in conversations and in files."""
    llm_tokens_max: Annotated[int, Field(ge=0)] = 200_000
    """Tokens read and written by the language model."""
    tts_chars_max: Annotated[int, Field(ge=0)] = 200_000
    """Characters read out."""
    notice_percent: Annotated[int, Field(ge=1, le=100)] = 80
    """How much is gone when a conversation is told that its budget ends."""
