"""What is read off the events is what the next process has to know."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server import events as ev
from voice_server.calls.standing import ACKNOWLEDGED_MAX, MARKS_MAX, Conversation, Standing
from voice_server.conversation.history import History

pytestmark = pytest.mark.pure


def conversation(*events: ev.ServerEvent) -> Conversation:
    """A conversation of which these were told."""
    made = Conversation(Standing(), History(10_000))
    for event in events:
        made.told(event)
    return made


def final(turn: int, covered: int) -> ev.FinalTranscript:
    return ev.FinalTranscript(turn, "words", "en", 1.0, (), 100, covered)


def frame(reply: int, position: int, samples: int) -> ev.AudioFrame:
    return ev.AudioFrame(reply, position, np.zeros(samples, np.int16))


def test_turns_are_open_from_their_beginning_to_their_final() -> None:
    told = conversation(
        ev.SpeechStarted(1, 0, False),
        ev.SpeechStopped(1, 900, 1000),
        ev.SpeechStarted(2, 1100, False),
    )
    assert told.standing.turns == {1: 1000, 2: None}
    told.told(final(1, 16_000))
    assert (told.standing.turns, told.standing.covered, told.standing.turn) == (
        {2: None},
        16_000,
        2,
    )
    told.told(ev.InputFlow(20_000, 0, 15_000))
    assert told.standing.covered == 16_000


def test_a_turn_that_was_understood_is_owed_an_answer_until_one_begins() -> None:
    said = ev.Item("item_u1", text="What time is it?", spoken=True)
    told = conversation(ev.SpeechStarted(3, 0, False), final(3, 1), ev.ItemAdded(said, None))
    assert told.standing.owed == 3
    told.told(ev.ReplyStarted(1, "vad", 3))
    assert told.standing.owed is None


def test_what_is_beside_the_conversation_answers_nobody() -> None:
    said = ev.Item("item_u1", text="What time is it?", spoken=True)
    aside = ev.ReplyStarted(1, "request", None, ev.ReplyRequested(aside=True), speaks=False)
    told = conversation(ev.SpeechStarted(1, 0, False), ev.ItemAdded(said, None), aside)
    assert told.standing.owed == 1


def test_a_reply_was_heard_as_far_as_its_client_says() -> None:
    told = conversation(
        ev.ReplyStarted(1, "vad", 1),
        ev.ReplyText(1, "It is "),
        ev.ReplyText(1, "noon."),
        ev.AudioMarked(1, 0, 100, 0, 2, exact=True),
        ev.AudioMarked(1, 100, 200, 3, 5, exact=True),
        frame(1, 0, 150),
        frame(1, 150, 150),
    )
    reply = told.replies[1]
    assert (reply.sent, reply.position(None), reply.heard(300)) == (300, 300, "It is")
    assert reply.position(120) == 120
    told.heard(ev.PlaybackReported(1, 110))
    told.heard(ev.PlaybackReported(1, 90))
    assert reply.position(300) == 110
    assert reply.heard(110) == "It"


def test_what_is_written_is_read_at_once() -> None:
    told = conversation(ev.ReplyStarted(1, "text", None, speaks=False), ev.ReplyText(1, "It is"))
    assert told.replies[1].heard(0) == "It is"
    assert "replies" in told.changed


def test_text_that_is_spoken_counts_when_its_words_are_sent() -> None:
    told = conversation(ev.ReplyStarted(1, "text", None))
    told.changed.clear()
    told.told(ev.ReplyText(1, "It is"))
    assert not told.changed
    told.told(ev.AudioMarked(1, 0, 100, 0, 2, exact=True))
    assert told.changed == {"replies"}


def test_a_reply_that_is_done_is_forgotten() -> None:
    told = conversation(ev.ReplyStarted(1, "vad", 1), ev.ReplyDone(1, "completed", "", {}, {}))
    assert (told.replies, told.standing.reply) == ({}, 1)


def test_tool_calls_wait_for_their_answers() -> None:
    called = ev.ToolCalled(1, "c1", "lamp", "{}")
    item = ev.Item("item_x1", "tool_call", text="{}", name="lamp", call="c1")
    told = conversation(ev.ReplyStarted(1, "vad", 4), called, ev.ItemAdded(item, None))
    assert [(c.call, c.turn, c.goes_on) for c in told.standing.calls.values()] == [("c1", 4, True)]
    told.told(ev.ItemAdded(ev.Item("item_u5", text="Never mind."), "item_x1"))
    assert not told.standing.calls["c1"].goes_on
    told.told(ev.ItemAdded(ev.Item("item_x2", "tool_result", text="on", call="c1"), "item_u5"))
    assert told.standing.calls == {}


def test_items_are_remembered_in_the_order_in_which_the_client_has_them() -> None:
    told = conversation(
        ev.ItemAdded(ev.Item("a", text="first"), None),
        ev.ItemAdded(ev.Item("b", text="third"), "a"),
        ev.ItemAdded(ev.Item("c", text="second"), "a"),
        ev.ItemAdded(ev.Item("d", text="front"), None),
        ev.ItemAdded(ev.Item("e", text="last"), "forgotten"),
        ev.ItemChanged(ev.Item("b", text="third, changed")),
        ev.ItemRemoved("a"),
        ev.ItemRemoved("never there"),
    )
    texts = [item.text for item in told.history.items]
    assert texts == ["front", "second", "third, changed", "last"]


def test_what_has_no_event_comes_from_the_client() -> None:
    told = conversation(ev.Noticed("awake"))
    told.heard(ev.Identified("m1", ev.MicrophoneMuted(True)))
    assert told.standing.muted
    assert told.standing.awake
    told.told(ev.ConfigConfirmed({}, ev.SessionConfig(voice="anna")))
    assert told.standing.config.voice == "anna"


@given(st.lists(st.integers(0, 2000), max_size=700))
def test_only_the_newest_ids_are_kept(numbers: list[int]) -> None:
    told = conversation(*(ev.MessageAcknowledged(str(number)) for number in numbers))
    assert told.acknowledged == [str(number) for number in numbers][-ACKNOWLEDGED_MAX:]


def test_only_the_newest_words_are_kept() -> None:
    marks = [ev.AudioMarked(1, n, n + 1, n, n + 1, exact=True) for n in range(2 * MARKS_MAX)]
    told = conversation(ev.ReplyStarted(1, "vad", 1), *marks)
    assert len(told.replies[1].marks) == MARKS_MAX
    assert told.replies[1].marks[-1] == (2 * MARKS_MAX, 2 * MARKS_MAX)
