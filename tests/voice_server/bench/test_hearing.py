"""The recogniser that knows the truth, and no more of it than was spoken."""

import numpy as np
import pytest

from audio import SAMPLE_RATE
from models.asr import RecognitionError, RecognitionOptions
from voice_server.bench.clips import TrueWord
from voice_server.bench.hearing import Hearing, RevealedUtterance, RevealingRecognizer, as_written
from voice_server.bench.virtual_time import run_virtual

pytestmark = pytest.mark.story

WORDS = (TrueWord("I", 500, 600), TrueWord("need,", 600, 1000), TrueWord("milk.", 1500, 2000))


def utterance(hearing: Hearing, *fed_ms: int) -> RevealedUtterance:
    made = RevealingRecognizer(hearing).utterance(RecognitionOptions())
    for ms in fed_ms:
        made.feed(np.zeros(SAMPLE_RATE * ms // 1000, np.int16))
    return made


def test_words_are_revealed_when_they_have_been_spoken() -> None:
    hearing = Hearing(WORDS)
    hearing.now_ms = 700
    early = utterance(hearing, 500)
    late = utterance(hearing, 500, 400)
    assert run_virtual(early.partial()).text == "I"
    said = run_virtual(late.partial())
    assert (said.committed, said.volatile) == ("I", "need.")
    assert [(word.start_ms, word.end_ms) for word in said.words] == [(300, 400), (400, 800)]


def test_a_new_utterance_does_not_hear_the_words_before_it() -> None:
    hearing = Hearing(WORDS)
    hearing.now_ms = 1500
    assert run_virtual(utterance(hearing, 400, 600).final()).text == "milk."


def test_a_closed_utterance_says_so() -> None:
    closed = utterance(Hearing(WORDS), 100)
    closed.close()
    with pytest.raises(RecognitionError):
        run_virtual(closed.final())


def test_an_echo_is_heard_where_the_user_is_silent() -> None:
    hearing = Hearing(WORDS)
    hearing.echo(TrueWord("owls", 1100, 1300))
    hearing.echo(TrueWord("are", 1600, 1700))
    assert [word.text for word in hearing.between(0, 3000)] == ["I", "need,", "owls", "milk."]


@pytest.mark.parametrize(
    ("text", "last", "written"),
    [
        ("need,", True, "need."),
        ("need,", False, "need,"),
        ("the", True, "the"),
        ("so?", True, "so?"),
    ],
)
def test_a_comma_that_is_due_becomes_a_full_stop(text: str, last: bool, written: str) -> None:
    assert as_written(text, last=last) == written
