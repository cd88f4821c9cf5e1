"""Who may go on elsewhere, and with what: nothing is left open, and nobody waits in vain."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server import events as ev
from voice_server.calls.adoption import AHEAD_MAX, beginning, can_go_on, options
from voice_server.calls.journal import Entry
from voice_server.calls.ledger import Opening, Record
from voice_server.calls.standing import Conversation, Standing
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.history import History
from voice_server.naming import reply_item

pytestmark = pytest.mark.pure

SESSION = "ses_1"
ASKED = ev.ResumeAsked(SESSION, "rt_1", 1)


def record(*events: ev.ServerEvent, mode: ev.Mode = "conversation", sent: int = 1) -> Record:
    """A call of which these were told; its log begins after number 10, if it has come so far."""
    conversation = Conversation(Standing(sent=sent), History(10_000))
    for event in events:
        conversation.told(event)
    opening = Opening(ev.SessionOptions(mode=mode, output_rate=16_000), began_at=1000.0)
    entries = [Entry(number, 0.0, "{}") for number in range(11, sent + 1)]
    return Record(2, opening, conversation, entries)


def speaking(*, heard: int, cause: ev.ReplyCause = "vad") -> list[ev.ServerEvent]:
    """A reply of which so many of two words were sent; each sounds 100 samples."""
    begun: list[ev.ServerEvent] = [ev.ReplyStarted(5, cause, 3)]
    item = ev.Item(reply_item(SESSION, 5), role="assistant", status="in_progress", spoken=True)
    begun += [ev.ReplyText(5, "Good morning"), ev.ItemAdded(item, None)]
    for word in range(heard):
        end = 4 if not word else 12
        begun.append(ev.AudioMarked(5, word * 100, (word + 1) * 100, 0, end, exact=True))
        begun.append(ev.AudioFrame(5, word * 100, np.zeros(100, np.int16)))
    return begun


@given(st.integers(0, 60), st.integers(0, 60), st.integers(11, 50))
def test_only_who_can_be_told_everything_goes_on(last: int, last_text: int, sent: int) -> None:
    last_text = min(last, last_text)
    asked = replace(ASKED, last_number=last, last_text=last_text)
    assert can_go_on(record(sent=sent), asked) is (last >= 10 and last_text <= sent)
    assert can_go_on(record(sent=sent), replace(asked, last_text=None)) is (10 <= last <= sent)


def test_nobody_has_seen_numbers_without_end() -> None:
    asked = replace(ASKED, last_number=20 + AHEAD_MAX, last_text=20)
    assert can_go_on(record(sent=20), asked)
    assert not can_go_on(record(sent=20), replace(asked, last_number=21 + AHEAD_MAX))


def test_turns_without_a_final_are_closed_and_heard_again() -> None:
    begun: list[ev.ServerEvent] = [
        ev.SpeechStarted(1, 0, False),
        ev.SpeechStopped(1, 900, 1000),
        ev.SpeechStarted(2, 1100, False),
    ]
    begin = beginning(record(*begun), ASKED, SESSION, now=1060.0)
    finals = [end for end in begin.ends if isinstance(end, ev.FinalTranscript)]
    assert [(end.turn, end.text) for end in finals] == [(1, ""), (2, "")]
    assert [end.turn for end in begin.ends if isinstance(end, ev.SpeechStopped)] == [2]
    assert (begin.turn, begin.turn_ends, begin.position) == (2, (16_000,), 0)
    assert begin.age_s == 60


def test_of_a_reply_that_was_cut_stays_what_was_heard() -> None:
    begin = beginning(record(*speaking(heard=1)), ASKED, SESSION, now=0.0)
    match begin.ends:
        case (
            ev.PlaybackStopped(5, "error"),
            ev.ReplyTruncated() as cut,
            _,
            ev.ReplyDone() as done,
        ):
            assert (cut.heard, cut.unheard, cut.position) == ("Good", " morning", 100)
            assert (done.status, done.text) == ("failed", "Good")
        case _:
            raise AssertionError(begin.ends)
    assert [(item.text, item.status) for item in begin.items] == [("Good", "incomplete")]
    assert begin.answer is None


def test_a_reply_of_which_nothing_was_heard_is_made_again() -> None:
    begin = beginning(record(*speaking(heard=0)), ASKED, SESSION, now=0.0)
    assert begin.answer is not None
    assert (begin.answer.cause, begin.answer.turn) == ("vad", 3)
    assert isinstance(begin.ends[-1], ev.ReplyDone)


def test_the_client_may_know_better_how_much_it_has() -> None:
    asked = replace(ASKED, played=(5, 99))
    begin = beginning(record(*speaking(heard=2)), asked, SESSION, now=0.0)
    assert [item.text for item in begin.items] == [""]
    assert begin.answer is not None


def test_what_was_to_be_said_is_said_again_if_it_is_known_whole() -> None:
    begun = speaking(heard=0, cause="say")
    assert beginning(record(*begun), ASKED, SESSION, now=0.0).answer is None
    begun.append(ev.ReplyTextDone(5, "Good morning"))
    answer = beginning(record(*begun), ASKED, SESSION, now=0.0).answer
    assert answer is not None
    assert answer.text == "Good morning"


def test_a_reply_that_has_called_a_tool_goes_on_with_its_answer() -> None:
    begun = [*speaking(heard=0), ev.ToolCalled(5, "c1", "lamp", "{}")]
    assert beginning(record(*begun), ASKED, SESSION, now=0.0).answer is None


def test_a_reply_to_other_items_than_the_conversation_is_not_made_again() -> None:
    begun = ev.ReplyStarted(5, "request", None, ev.ReplyRequested(input=("a",)))
    assert beginning(record(begun), ASKED, SESSION, now=0.0).answer is None


UNDERSTOOD = (
    ev.SpeechStarted(3, 0, False),
    ev.FinalTranscript(3, "What time is it?", "en", 1.0, (), 100, 1),
    ev.ItemAdded(ev.Item("u3", text="What time is it?", spoken=True), None),
)


def test_who_was_understood_is_answered() -> None:
    begin = beginning(record(*UNDERSTOOD), ASKED, SESSION, now=0.0)
    assert isinstance(begin.answer, ReplyCall)
    assert (begin.answer.cause, begin.answer.turn) == ("vad", 3)


def test_who_wants_no_answer_gets_none() -> None:
    assert beginning(record(*UNDERSTOOD, mode="transcription"), ASKED, SESSION, 0.0).answer is None
    silent = ev.ConfigConfirmed({}, ev.SessionConfig(answers=False))
    assert beginning(record(*UNDERSTOOD, silent), ASKED, SESSION, 0.0).answer is None


def test_options_are_those_of_last() -> None:
    changed = record(ev.ConfigConfirmed({}, ev.SessionConfig(voice="anna")))
    assert options(changed).config.voice == "anna"
