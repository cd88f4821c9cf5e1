"""Everything the server can say is read, and nothing that anybody said is shown by accident."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.asr import Word
from voice_server import events as ev
from voice_server.client import events as client
from voice_server.client.errors import ProtocolError
from voice_server.client.parts import Word as Said
from voice_server.closes import ErrorCode
from voice_server.wires import messages
from voice_server.wires.voice_v1 import FEATURES
from voice_server.wires.voice_v1_json import render

pytestmark = pytest.mark.pure

OPTIONS = ev.SessionOptions(features=FEATURES)
SECRET = "a secret"
ITEM = ev.Item("item_1", text=SECRET)
SAID: list[ev.ServerEvent] = [
    ev.SessionReady(
        "ses_1",
        OPTIONS,
        engines={"asr": "bundled"},
        limits={"idle_timeout_s": 120},
        config={},
        notices=("Be patient.",),
    ),
    ev.StateChanged(ev.ConversationState.THINKING),
    ev.LevelMeasured(-40.0, True),
    ev.SpeechStarted(1, 300, False),
    ev.SpeechStopped(1, 900),
    ev.PartialTranscript(1, 1, SECRET, SECRET, "en"),
    ev.FinalTranscript(1, SECRET, "en", 0.9, (Word(SECRET, 0, 100, 1.0),), 900),
    ev.ReplyStarted(2, "vad", 1),
    ev.ReplyText(2, SECRET),
    ev.ReplyTextDone(2, SECRET),
    ev.ToolCalled(2, "call_1", "look", '{"where":"a secret"}'),
    ev.ItemAdded(ITEM, None),
    ev.ItemChanged(ITEM),
    ev.ItemRemoved("item_1"),
    ev.ItemsShown((ITEM,), one=False),
    ev.AudioStarted(2),
    ev.AudioMarked(2, 0, 100, 0, 5, True),
    ev.AudioDone(2, 4800),
    ev.PlaybackPaused(2),
    ev.PlaybackResumed(2),
    ev.PlaybackStopped(2, "barge_in"),
    ev.ReplyTruncated(2, SECRET, SECRET, 480, 20, "reported"),
    ev.TurnMeasured(2, 1, {"total_ms": 300}),
    ev.ReplyDone(2, "completed", SECRET, {}, {}),
    ev.ConfigConfirmed({"language": "en"}),
    ev.InputFlow(16_000, 60_000),
    ev.MessageAcknowledged("7"),
    ev.Ponged(1.0, 2.0),
    ev.Noticed("idle_soon", in_s=30),
    ev.ErrorRaised(ErrorCode.BAD_REQUEST, "No."),
    ev.GoingAway("drain"),
]


@pytest.mark.parametrize("event", SAID, ids=lambda event: type(event).__name__)
def test_every_message_of_the_server_is_read(event: ev.ServerEvent) -> None:
    message = render(event, OPTIONS)
    assert message is not None
    read = client.decode(messages.encode(message))
    assert read is not None
    for key, value in message.items():
        if key not in (
            "type",
            "reason",
            "input",
            "audio",
            "words",
            "chars",
            "notices",
            "item",
            "items",
            "modalities",
        ):
            assert getattr(read, key, value) == value
    assert "secret" not in repr(read)


def test_no_message_is_forgotten() -> None:
    """The tags that the client knows are those that the server renders."""
    rendered = {message["type"] for event in SAID if (message := render(event, OPTIONS))}
    known = {kind.__struct_config__.tag for kind in client.ServerMessage.__args__}
    assert known == rendered


def test_a_final_has_its_words() -> None:
    final = client.decode(messages.encode(render(SAID[6], OPTIONS) or {}))
    assert isinstance(final, client.Final)
    assert final.words == [Said(SECRET, 0, 100, 1.0)]


def test_what_a_newer_server_says_is_passed_over() -> None:
    assert client.decode('{"type": "mood", "mood": "good"}') is None
    state = client.decode('{"type": "state", "state": "listening", "mood": "good"}')
    assert isinstance(state, client.State)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"type": "state"}', '{"type": "state", "state": 1}']
)
def test_nonsense_is_a_protocol_error(text: str) -> None:
    with pytest.raises(ProtocolError):
        client.decode(text)


@given(st.text())
def test_no_text_breaks_anything_else(text: str) -> None:
    try:
        client.decode(text)
    except ProtocolError as error:
        assert str(error).startswith("The server sent")


def test_audio_shows_no_samples() -> None:
    assert "samples" not in repr(client.Audio(1, 0, np.zeros(3, dtype=np.int16)))
