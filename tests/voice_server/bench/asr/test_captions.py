"""What was shown becomes delays, flicker and errors."""

import json

import numpy as np
import pytest

from voice_server.bench.asr.captions import Caption, Message, Score, captions, retracted, score
from voice_server.bench.asr.speech import Spoken
from voice_server.bench.load.talk import Said

pytestmark = pytest.mark.pure

SPEECH = Spoken(
    "The red lamp.", np.zeros(16_000, np.int16), (("the", 0.2), ("red", 0.5), ("lamp", 1.0))
)
LINES = [Said(0, 1.0), Said(0, 4.0)]


def partial(at_s: float, stable: str, unstable: str, item: str = "t1") -> Message:
    told = {"type": "transcript.partial", "item": item, "stable": stable, "unstable": unstable}
    return at_s, json.dumps(told)


def final(at_s: float, text: str, item: str = "t1") -> Message:
    return at_s, json.dumps({"type": "transcript.final", "item": item, "text": text})


def begun(at_s: float, item: str) -> Message:
    return at_s, json.dumps({"type": "speech.started", "item": item, "ms": 0})


def judged(*messages: Message) -> Score:
    return score(captions(messages, LINES)[0], LINES[0], SPEECH)


def test_words_are_timed_from_their_ends() -> None:
    found = judged(
        partial(1.4, "", "The"), partial(1.7, "The", "red"), final(2.25, "The red lamp.")
    )
    assert found.first_ms == pytest.approx(400)
    assert found.final_ms == pytest.approx(250)
    assert found.shown_ms == pytest.approx([200, 200, 250])
    assert found.committed_ms == pytest.approx([500, 750, 250])
    assert (found.retracted, found.words, found.error) == (0, 3, 0)


def test_what_changes_is_flicker_and_what_stays_wrong_an_error() -> None:
    found = judged(partial(1.4, "", "The bed room"), final(2.2, "The red lamb."))
    assert found.retracted == 2
    assert found.error == pytest.approx(1 / 3)
    assert len(found.shown_ms) == 2


def test_a_sentence_heard_as_two_turns_is_one_line() -> None:
    found = judged(final(1.8, "The red"), begun(1.9, "t2"), final(2.4, "lamp.", "t2"))
    assert found.error == 0
    assert found.final_ms == pytest.approx(400)


def test_late_words_belong_to_the_line_in_which_their_turn_began() -> None:
    late = captions([begun(1.2, "t1"), begun(4.3, "t2"), final(5, "The red lamp.")], LINES)
    assert [len(line) for line in late] == [1, 0]


def test_what_came_before_anybody_spoke_is_nobodys() -> None:
    assert captions([begun(0.2, "t0"), final(1.5, "Hm.", "t0")], LINES) == [[], []]


def test_who_gets_no_final_is_unanswered() -> None:
    found = judged(partial(1.4, "", "The"))
    assert found.final_ms is None
    assert (found.words, found.error) == (0, 1)


def test_messages_without_a_turn_are_no_captions() -> None:
    odd = [(1.1, '{"type":"item.added","item":{"id":"a"}}'), (1.2, '{"type":"ready"}')]
    assert captions(odd, LINES) == [[], []]


def test_case_and_punctuation_are_no_flicker() -> None:
    assert retracted(["the", "The red,", "The red lamp."]) == 0
    assert retracted(["the red lamp", "the", "the red"]) == 2


def test_a_caption_tells_what_stays() -> None:
    shown = captions([final(1.5, "One."), partial(1.9, "two", "three", "t2")], LINES)[0][-1]
    assert shown == Caption(1.9, "One. two three", "One. two", final=False)
