"""Nothing of a reply leaves after it was stopped."""

import pytest

from audio.silero import SileroModel
from voice_server.bench.cancels import Cancelled, try_cancels

pytestmark = pytest.mark.story


def test_a_hundred_random_moments() -> None:
    counted = try_cancels(100, 1, SileroModel())
    assert counted.cancels == 100
    assert counted.during_audio > 50
    assert counted.late_bytes == 0


def test_the_same_seed_tries_the_same_moments() -> None:
    silero = SileroModel()
    assert try_cancels(20, 3, silero) == try_cancels(20, 3, silero) != Cancelled()
