"""What a list of captions says: delays, flicker, errors, as counted by hand."""

import pytest

from scripts.bench_peers.heard import Clip, Utterance, score

pytestmark = pytest.mark.pure

CLIP = Clip(
    "Turn the lamp off.", "", 0.5, 2.0, [("turn", 1), ("the", 1.2), ("lamp", 1.6), ("off", 2)]
)


def shown(*captions: tuple[float, str, bool]) -> Utterance:
    return Utterance(0, list(captions))


def test_words_are_timed_from_their_ends_and_the_whole_from_the_end_of_speech() -> None:
    told = score(
        shown(
            (1.1, "Turn", False), (1.7, "turn the lamp", False), (2.3, "Turn the lamp off.", True)
        ),
        CLIP,
    )
    assert told.first_ms == pytest.approx(600)
    assert told.complete_ms == told.declared_ms == pytest.approx(300)
    assert told.word_ms == pytest.approx([100, 500, 100, 300])
    assert (told.error, told.retracted, told.shown) == (0.0, 0, 4)


def test_words_that_stand_early_are_complete_early_and_declared_later() -> None:
    told = score(shown((1.9, "Turn the lamp off", False), (3.0, "Turn the lamp off", True)), CLIP)
    assert told.complete_ms == pytest.approx(-100)
    assert told.declared_ms == pytest.approx(1000)


def test_a_final_that_is_not_the_last_word_declares_nothing() -> None:
    told = score(shown((1.9, "Turn", True), (2.1, "Turn the lamp off", False)), CLIP)
    assert told.declared_ms is None


def test_a_word_that_comes_back_was_complete_only_the_second_time_in_the_end() -> None:
    told = score(shown((2.1, "lamp", False), (2.2, "ramp", False), (2.4, "lamp", False)), CLIP)
    assert told.complete_ms == pytest.approx(400)


def test_an_utterance_of_which_nothing_was_shown_has_no_times_and_all_errors() -> None:
    told = score(shown(), CLIP)
    assert (told.first_ms, told.complete_ms, told.declared_ms) == (None, None, None)
    assert (told.word_ms, told.error) == ([], 1.0)
