"""A recording is measured while it is read, and stopped when it is too long."""

import numpy as np
import pytest

from audio import SAMPLE_RATE
from voice_server.recordings.audio_file import AudioFileError, Recording
from voice_server.recordings.recording_meter import RecordingMeter

pytestmark = pytest.mark.pure


def recording(seconds: int, says_ms: int | None) -> Recording:
    second = np.zeros(SAMPLE_RATE, np.int16)
    return Recording("The file", says_ms, iter([second] * seconds))


def test_it_counts_what_was_read() -> None:
    meter = RecordingMeter(recording(3, None), 10)
    blocks = meter.recording.blocks
    assert meter.duration_s == 0
    next(blocks)
    assert meter.duration_s == 1
    assert len(list(blocks)) == 2
    assert meter.duration_s == 3


def test_a_header_that_says_too_much_is_believed() -> None:
    with pytest.raises(AudioFileError, match=r"The file is longer than 0\.5 minutes"):
        RecordingMeter(recording(1, 30_001), 30)


@pytest.mark.parametrize("says_ms", [None, 5])
def test_a_header_that_says_too_little_is_not(says_ms: int | None) -> None:
    meter = RecordingMeter(recording(3, says_ms), 2)
    with pytest.raises(AudioFileError, match="send it in parts"):
        list(meter.recording.blocks)
