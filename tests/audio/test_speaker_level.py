"""Who is near and who is far, and when a voice has ended: by loudness alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import FRAME_MS
from audio.speaker_level import FADED_MS, FAR_MS, SpeakerLevel
from tests.support.clips import frames_of
from tests.support.signals import tone

pytestmark = pytest.mark.pure


def heard(speaker: SpeakerLevel, dbfs: float, ms: int, *, voice: bool = True) -> list[bool]:
    """What the speaker is heard to say in so many milliseconds of this peak level."""
    return [speaker.hears(frame, voice) for frame in frames_of(tone(400, ms, dbfs=dbfs))]


def spoken(dbfs: float = -20, ms: int = 1000) -> SpeakerLevel:
    speaker = SpeakerLevel()
    heard(speaker, -70, 500, voice=False)
    heard(speaker, dbfs, ms)
    return speaker


@pytest.mark.parametrize("dbfs", [-6, -20, -45])
def test_whoever_speaks_is_heard_from_the_first_frame(dbfs: float) -> None:
    assert all(heard(SpeakerLevel(), dbfs, 1000))


def test_what_is_no_voice_is_nobodys() -> None:
    assert not any(heard(spoken(), -20, 500, voice=False))


def test_a_voice_far_behind_the_speaker_is_somebody_elses() -> None:
    late = heard(spoken(), -33, 1000)[FAR_MS // FRAME_MS :]
    assert not any(late)


def test_a_softer_word_is_still_the_speakers() -> None:
    assert all(heard(spoken(), -28, 1000))


def test_the_speaker_is_back_with_one_frame() -> None:
    speaker = spoken()
    heard(speaker, -34, 1000)
    assert heard(speaker, -21, 10) == [True]


def test_somebody_who_has_moved_away_is_heard_again() -> None:
    speaker = spoken()
    assert heard(speaker, -34, 12_000)[-1]


def test_a_level_that_has_collapsed_is_silence_long_before_the_detector_says_so() -> None:
    fading = heard(spoken(), -50, 200)
    assert fading.index(False) * FRAME_MS == FADED_MS - FRAME_MS
    assert not any(fading[fading.index(False) :])


def test_what_is_no_louder_than_the_room_is_silence() -> None:
    speaker = SpeakerLevel()
    heard(speaker, -32, 3000, voice=False)
    heard(speaker, -20, 1000)
    assert heard(speaker, -31, 100)[-1] is False


def test_a_room_as_loud_as_the_speaker_hides_no_words() -> None:
    speaker = SpeakerLevel()
    heard(speaker, -24, 3000, voice=False)
    heard(speaker, -20, 1000)
    assert all(heard(speaker, -23, 500))


@given(st.lists(st.tuples(st.integers(-90, -1), st.booleans()), max_size=60))
def test_only_voice_is_ever_the_speakers(frames: list[tuple[int, bool]]) -> None:
    speaker = SpeakerLevel()
    for dbfs, voice in frames:
        (mine,) = heard(speaker, dbfs, FRAME_MS, voice=voice)
        assert voice or not mine


@given(st.integers(-60, -10), st.integers(1, 30))
def test_a_steady_voice_is_never_lost_whatever_its_level(dbfs: int, tenths: int) -> None:
    assert all(heard(SpeakerLevel(), dbfs, tenths * 100))
