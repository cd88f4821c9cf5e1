"""Committed words only grow, and nothing of the newest hypothesis is lost."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.asr import Word
from models.asr.agreement import Agreement, after, normal

pytestmark = pytest.mark.pure

WORD_MS = 300


def words(text: str, start_ms: int = 0) -> tuple[Word, ...]:
    """Spread words evenly, 300 ms each."""
    return tuple(
        Word(word, start_ms + n * WORD_MS, start_ms + (n + 1) * WORD_MS, 1.0)
        for n, word in enumerate(text.split())
    )


def text(said: Sequence[Word]) -> str:
    return " ".join(word.text for word in said)


def test_two_hypotheses_that_agree_commit() -> None:
    agreement = Agreement()
    committed, volatile = agreement.update(words("turn on the light"), 1200)
    assert (text(committed), text(volatile)) == ("", "turn on the light")
    committed, volatile = agreement.update(words("turn on the lights please"), 1800)
    assert (text(committed), text(volatile)) == ("turn on the", "lights please")


def test_case_and_punctuation_do_not_break_agreement() -> None:
    agreement = Agreement()
    agreement.update(words("hey go back."), 2000)
    committed, _ = agreement.update(words("Hey, go back to"), 2000)
    assert text(committed) == "Hey, go back"


def test_a_word_at_the_edge_stays_volatile() -> None:
    agreement = Agreement(edge_ms=250)
    agreement.update(words("what time"), 600)
    committed, volatile = agreement.update(words("what time"), 849)
    assert (text(committed), text(volatile)) == ("what", "time")
    committed, volatile = agreement.update(words("what time"), 850)
    assert (text(committed), text(volatile)) == ("what time", "")


def test_an_unlikely_word_at_the_edge_is_not_shown_yet() -> None:
    agreement = Agreement(edge_ms=250)
    sure, unlikely = words("turn on"), replace(words("lie", 600)[0], probability=0.5)
    _, volatile = agreement.update([*sure, unlikely], 950)
    assert text(volatile) == "turn on"
    committed, volatile = agreement.update([*sure, unlikely], 1150)
    assert (text(committed), text(volatile)) == ("turn on lie", "")
    _, volatile = Agreement(edge_ms=250).update([*sure, replace(unlikely, probability=0.9)], 950)
    assert text(volatile) == "turn on lie"


def test_committed_words_survive_a_later_contradiction() -> None:
    agreement = Agreement()
    for _ in range(2):
        agreement.update(words("ice cream"), 2000)
    committed, volatile = agreement.update(words("I scream for joy"), 2000)
    assert (text(committed), text(volatile)) == ("ice cream", "for joy")


def test_the_window_may_start_after_the_committed_words() -> None:
    agreement = Agreement()
    for _ in range(2):
        agreement.update(words("one two three"), 2000)
    agreement.release(900)
    agreement.update(words("four five", 900), 2500)
    committed, volatile = agreement.update(words("four five six", 900), 2500)
    assert (text(committed), text(volatile)) == ("one two three four five", "six")


def test_the_rest_of_a_word_that_was_cut_is_not_said_twice() -> None:
    said = words("take me to the station")
    assert text(after(said, words("station. what's on", 1400))) == "what's on"


def test_one_common_word_far_away_is_not_taken_for_a_repetition() -> None:
    said = words("where is the")
    assert text(after(said, words("cat sat on the mat", 900))) == "cat sat on the mat"


def test_a_final_may_correct_what_is_in_the_window_but_not_what_left_it() -> None:
    agreement = Agreement()
    for _ in range(2):
        agreement.update(words("ice cream for choy"), 2000)
    assert text(agreement.finish(words("I scream for joy"))) == "I scream for joy"
    agreement.release(600)
    assert text(agreement.finish(words("for joy", 600))) == "ice cream for joy"


def test_a_final_that_heard_nothing_corrects_nothing() -> None:
    agreement = Agreement()
    for _ in range(2):
        agreement.update(words("good morning"), 2000)
    assert text(agreement.finish(())) == "good morning"


def test_a_final_changes_nothing_for_later_partials() -> None:
    agreement = Agreement()
    for _ in range(2):
        agreement.update(words("good morning"), 2000)
    agreement.finish(words("wood mourning"))
    committed, volatile = agreement.update(words("good morning to you"), 3000)
    assert (text(committed), text(volatile)) == ("good morning", "to you")


def test_settled_words_are_committed_at_once() -> None:
    agreement = Agreement()
    assert text(agreement.settle(words("one two"))) == "one two"
    assert text(agreement.settle(words("three", 600))) == "one two three"
    assert text(agreement.finish(words("four", 900))) == "one two three four"


def test_punctuation_alone_is_compared_as_it_is() -> None:
    assert normal("Don't!") == normal("dont")
    assert normal("?") != normal("!")


VOCABULARY = st.sampled_from(["the", "cat", "sat", "on", "a", "mat", "Mat."])
HYPOTHESES = st.lists(st.lists(VOCABULARY, max_size=8), min_size=1, max_size=8)


@given(HYPOTHESES, st.integers(0, 900))
@settings(max_examples=100)
def test_committed_only_grows_and_the_newest_hypothesis_is_covered(
    hypotheses: list[list[str]], edge_ms: int
) -> None:
    agreement = Agreement(edge_ms)
    before: tuple[Word, ...] = ()
    for number, hypothesis in enumerate(hypotheses):
        newest = words(" ".join(hypothesis))
        committed, volatile = agreement.update(newest, 300 * (number + 4))
        assert committed[: len(before)] == before
        assert committed == agreement.committed
        fresh = after(before, newest)
        assert committed[len(before) :] + volatile == fresh
        assert newest[len(newest) - len(fresh) :] == fresh
        before = committed


@given(HYPOTHESES, st.integers(0, 2400))
@settings(max_examples=100)
def test_words_whose_audio_left_begin_every_final(
    hypotheses: list[list[str]], until_ms: int
) -> None:
    agreement = Agreement()
    for hypothesis in hypotheses:
        agreement.update(words(" ".join(hypothesis)), 9000)
    agreement.release(until_ms)
    kept = [word for word in agreement.committed if (word.start_ms + word.end_ms) / 2 < until_ms]
    final = agreement.finish(words("mat sat", until_ms))
    assert list(final[: len(kept)]) == kept
