"""Sounds that nobody speaks: of the length asked for, and the same every time."""

import numpy as np
import pytest

from voice_server.bench.asr.not_speech import NOT_SPEECH, Sound

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("sound", NOT_SPEECH.values(), ids=NOT_SPEECH)
def test_a_sound_is_as_long_as_asked_and_repeatable(sound: Sound) -> None:
    once = sound(2, seed=7)
    assert once.dtype == np.int16
    assert len(once) == 32_000
    assert np.array_equal(once, sound(2, seed=7))


def test_only_silence_is_silent() -> None:
    silent = {name for name, sound in NOT_SPEECH.items() if not sound(1, seed=1).any()}
    assert silent == {"silence"}
