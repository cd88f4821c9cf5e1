"""What was said, kept on disk."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from voice_server.settings.section import Section


class TranscriptSettings(Section):
    """Conversations kept on disk, readable for the server's own user only. Off until a directory is
    named."""

    directory: Path | None = None
    """A folder per day (UTC) with a file per session, a line of JSON per utterance; None: nothing
    is kept."""
    retention_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """Older days are deleted."""
    free_bytes_min: Annotated[int, Field(ge=0)] = 268_435_456
    """Nothing is written while less is free: a full disk hurts more than a missing line."""
    fsync: bool = False
    """Wait until the disk has every line, so that a power cut loses none that was written."""
    waiting_bytes_max: Annotated[int, Field(ge=4096)] = 4_194_304
    """Lines that may wait for the disk; what comes then is lost, and counted."""
    retry_s: Annotated[float, Field(gt=0)] = 5.0
    """When the disk does not take a line, it is tried again after so long."""
