"""How long a recording really is, measured while it is read, and stopped when it is too long.

Headers may say nothing or lie, and a few kilobytes of silence can be many hours.
"""

from collections.abc import Iterator
from dataclasses import replace

from audio import SAMPLE_RATE, Samples
from voice_server.recordings.audio_file import AudioFileError, Recording


class RecordingMeter:
    """Counts what is read of one recording: read `recording`, not the one that was given."""

    def __init__(self, recording: Recording, seconds_max: int) -> None:
        """Raises `AudioFileError` where the header already says that it is too long."""
        self.recording = replace(recording, blocks=self._counted(recording.blocks))
        self._seconds_max = seconds_max
        self._samples = 0
        if recording.duration_ms is not None and recording.duration_ms > seconds_max * 1000:
            raise self._too_long()

    @property
    def duration_s(self) -> float:
        """Seconds that were read so far."""
        return self._samples / SAMPLE_RATE

    def _counted(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        for block in blocks:
            self._samples += len(block)
            if self._samples > self._seconds_max * SAMPLE_RATE:
                raise self._too_long()
            yield block

    def _too_long(self) -> AudioFileError:
        minutes = self._seconds_max / 60
        name = self.recording.name
        return AudioFileError(f"{name} is longer than {minutes:g} minutes: send it in parts.")
