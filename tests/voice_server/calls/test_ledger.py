"""What is committed is all that was told: never a sample, nothing twice, nothing left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.llm import Tool
from voice_server import events as ev
from voice_server.calls.call_store import Commit, Kept
from voice_server.calls.journal import NOTHING, Entry
from voice_server.calls.ledger import Ledger, Opening, Record, RecordError, read
from voice_server.calls.resume_key import ResumeKey
from voice_server.calls.standing import Conversation, OpenReply, Standing
from voice_server.conversation.history import History

pytestmark = pytest.mark.pure

OPTIONS = ev.SessionOptions(
    features=frozenset({"resume"}),
    config=ev.SessionConfig(turn={"mode": "manual"}, tools=(Tool("lamp", parameters={"a": 1}),)),
)
WORDS = st.text(max_size=20)


def ledger() -> Ledger:
    key = ResumeKey()
    key.issue()
    return Ledger(Opening(OPTIONS, 1000.0), Conversation(Standing(), History(10_000)), key)


def restored(commit: Commit) -> Record:
    """As another process reads it."""
    return read(Kept(2, commit.fields, commit.entries), 10_000, now=5.0)


def texts(first: int, *said: str) -> list[Entry]:
    return [Entry(number, 0.0, text) for number, text in enumerate(said, first)]


@given(st.lists(WORDS, max_size=5), WORDS, st.integers(0, 1 << 40))
def test_what_was_written_is_read(said: list[str], text: str, covered: int) -> None:
    kept = ledger()
    conversation = kept.conversation
    conversation.standing.covered = covered
    conversation.standing.turns = {7: None, 8: 1200}
    conversation.told(ev.ItemAdded(ev.Item("a", text=text), None))
    conversation.told(ev.ReplyStarted(3, "request", 8, ev.ReplyRequested(instructions=text)))
    conversation.told(ev.MessageAcknowledged(text))
    commit = kept.whole(1, 1 + len(said), texts(2, *said))
    record = restored(commit)
    assert record.opening == kept.opening
    assert record.conversation.standing == conversation.standing
    assert list(record.conversation.history.items) == [ev.Item("a", text=text)]
    assert list(record.conversation.replies.values()) == [
        OpenReply(3, "request", 8, request=ev.ReplyRequested(instructions=text))
    ]
    assert record.conversation.acknowledged == [text]
    assert [(entry.number, entry.said) for entry in record.entries] == list(enumerate(said, 2))


def test_half_an_emoji_is_stored_like_any_other_letter() -> None:
    kept = ledger()
    kept.conversation.told(ev.ItemAdded(ev.Item("a", text="\ud83d"), None))
    assert restored(kept.whole(1, 1, [])).conversation.history.items[0].text == "\ud83d"


def test_audio_is_a_place_in_a_stream_and_nothing_else() -> None:
    kept = ledger()
    loud = ev.AudioFrame(3, 480, np.full(240, 12_345, np.int16), first=True, last=False)
    commit = kept.whole(1, 2, [Entry(2, 0.0, loud)])
    assert commit.entries == [b"[2,3,480,true,false]"]
    said = restored(commit).entries[0].said
    assert isinstance(said, ev.AudioFrame)
    assert (said.stream, said.position, len(said.samples), said.first) == (3, 480, 0, True)


def test_each_thing_is_committed_once() -> None:
    kept = ledger()
    kept.conversation.told(ev.ItemAdded(ev.Item("a", text="words"), None))
    for entry in texts(2, "two", "three"):
        kept.append(entry, 9)
    first = kept.changes(1, 3, 9)
    assert (set(first.fields), first.first, len(first.entries)) == ({"standing", "items"}, 2, 2)
    second = kept.changes(1, 3, 9)
    assert (set(second.fields), second.first, second.entries) == ({"standing"}, 4, [])


def test_what_could_not_be_committed_comes_again_in_order() -> None:
    kept = ledger()
    kept.append(Entry(2, 0.0, "two"), 9)
    kept.conversation.told(ev.MessageAcknowledged("m1"))
    kept.changes(1, 2, 9)
    kept.append(Entry(3, 0.0, "three"), 9)
    kept.put_back()
    again = kept.changes(1, 3, 9)
    assert (set(again.fields), again.first) == ({"standing", "acknowledged"}, 2)
    assert again.entries == [b'[2,"two"]', b'[3,"three"]']


def test_what_nobody_can_ask_for_any_more_does_not_wait() -> None:
    kept = ledger()
    for number in range(2, 50):
        kept.append(Entry(number, 0.0, ev.AudioFrame(1, 0, NOTHING)), 10)
    assert len(kept.changes(1, 49, 10).entries) == 10


@pytest.mark.parametrize(
    "spoil",
    [
        lambda fields: fields.pop("items"),
        lambda fields: fields.update(standing=b"{}}"),
        lambda fields: fields.update(replies=b'[{"number":"one"}]'),
        lambda fields: fields.update(
            opening=fields["opening"].replace(b'"format":1', b'"format":2')
        ),
    ],
)
def test_what_another_version_wrote_is_refused(spoil: object) -> None:
    commit = ledger().whole(1, 1, [])
    fields = dict(commit.fields)
    spoil(fields)  # type: ignore[operator]
    with pytest.raises(RecordError):
        read(Kept(2, fields, ()), 10_000, now=0.0)


def test_a_log_with_a_hole_is_refused() -> None:
    commit = ledger().whole(1, 4, texts(2, "two", "three", "four"))
    with pytest.raises(RecordError, match="missing"):
        read(Kept(2, commit.fields, [commit.entries[0], commit.entries[2]]), 10_000, now=0.0)
