"""Wyoming over a session: turns become transcripts, lines become answers, and nothing raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import Describe
from wyoming.ping import Ping

from audio.formats import AudioFormat, Codec
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.wires.wyoming.conversations import Conversations
from voice_server.wires.wyoming.framing import EventReader, encode
from voice_server.wires.wyoming.wire import STOP, WHO_ARE_YOU, WyomingWire

pytestmark = pytest.mark.pure

ABOUT = Event("info", {"asr": []})
START = AudioStart(16_000, 2, 1).event()
CHUNK = AudioChunk(16_000, 2, 1, b"\x01\x00").event()


def wire(conversations: Conversations | None = None) -> WyomingWire:
    return WyomingWire(conversations or Conversations(), ABOUT, 0.0)


def take(wire: WyomingWire, *events: Event) -> list[ev.ClientEvent]:
    return wire.receive(b"".join(encode(event) for event in events))


def told(wire: WyomingWire, *events: ev.ServerEvent) -> list[Event]:
    data = [wire.send(event, 1000) for event in events]
    return EventReader().feed(b"".join(bytes(d) for ds in data for d in ds))  # type: ignore[arg-type]


def final(text: str, turn: int = 1) -> ev.FinalTranscript:
    return ev.FinalTranscript(turn, text, "en", 1.0, (), 500)


def test_listening_is_a_manual_turn_that_is_only_written_down() -> None:
    asked = Transcribe(language="de", transcript_names=["Ada"], transcript_terms=["lamp"])
    opened, audio, stop = take(wire(), asked.event(), START, CHUNK, AudioStop().event())
    assert isinstance(opened, ev.SessionOpened)
    options = opened.options
    assert (options.mode, options.config.language, options.config.hints) == (
        "transcription",
        "de",
        "Ada, lamp",
    )
    assert options.config.turn == {"mode": "manual"}
    assert audio == ev.AudioReceived(b"\x01\x00")
    assert stop == ev.Identified(STOP, ev.AudioCommitted())


def test_words_are_shown_as_they_are_sure_and_the_whole_at_the_end() -> None:
    it = wire()
    take(it, Transcribe().event(), START)
    heard = told(
        it,
        ev.SpeechStarted(1, 0, False),
        ev.PartialTranscript(1, 1, "Turn", "on", "en"),
        ev.PartialTranscript(1, 2, "Turn on", "the", "en"),
        ev.PartialTranscript(1, 3, "Turn on", "the", "en"),
    )
    take(it, AudioStop().event())
    heard += told(it, final("Turn on the light."))
    assert [(event.type, event.data.get("text")) for event in heard] == [
        ("transcript-start", None),
        ("transcript-chunk", "Turn"),
        ("transcript-chunk", " on"),
        ("transcript-stop", None),
        ("transcript", "Turn on the light."),
    ]


def test_a_long_turn_in_pieces_is_one_transcript() -> None:
    it = wire()
    take(it, START)
    one, two = ev.SpeechStarted(1, 0, False), ev.SpeechStarted(2, 0, False)
    assert told(it, one, two, final("One")) == []
    take(it, AudioStop().event())
    (transcript,) = told(it, final("two.", 2))
    assert transcript.data["text"] == "One two."


def test_nothing_to_commit_is_an_empty_transcript() -> None:
    it = wire()
    take(it, START, AudioStop().event())
    (transcript,) = told(it, ev.ErrorRaised(ErrorCode.BAD_REQUEST, "No turn.", id=STOP))
    assert (transcript.type, transcript.data["text"]) == ("transcript", "")


def test_the_format_may_change() -> None:
    it = wire()
    take(it, START)
    changed, _ = take(it, AudioChunk(8_000, 2, 1, b"\x01\x00").event())
    assert changed == ev.FormatsChanged(AudioFormat(Codec.PCM_S16LE, 8_000))


def test_a_line_is_answered_in_writing() -> None:
    it = wire()
    opened, said = take(it, Transcript("Hi.", {"conversation_id": "kitchen"}).event())
    assert isinstance(opened, ev.SessionOpened)
    assert (opened.options.mode, opened.options.config.speaks) == ("conversation", False)
    assert said == ev.TextReceived("Hi.")
    answer = told(
        it,
        ev.ReplyStarted(1, "text", None, speaks=False),
        ev.ReplyText(1, "Hello."),
        ev.ReplyDone(1, "completed", "Hello.", {}, {}),
    )
    kinds = [event.type for event in answer]
    assert kinds == ["handled-start", "handled-chunk", "handled-stop", "handled"]
    assert answer[-1].data == {"text": "Hello.", "context": {"conversation_id": "kitchen"}}


def test_a_conversation_goes_on_in_another_connection() -> None:
    conversations = Conversations()
    line = Transcript("And now?", {"conversation_id": "kitchen"}).event()
    first = wire(conversations)
    take(first, line)
    user, reply = ev.Item("u", text="Hi."), ev.Item("a", role="assistant", text="")
    spoken = ev.Item("a", role="assistant", text="Hello.")
    told(first, ev.ItemAdded(user, None), ev.ItemAdded(reply, "u"), ev.ItemChanged(spoken))
    told(first, ev.ReplyDone(1, "completed", "Hello.", {}, {}))
    _, *rest = take(wire(conversations), line)
    assert rest == [ev.ItemInserted(user), ev.ItemInserted(spoken), ev.TextReceived("And now?")]


def test_a_model_that_fails_has_not_handled_it() -> None:
    it = wire()
    take(it, Transcript("Hi.").event())
    answer = told(it, ev.ReplyDone(1, "failed", "", {}, {}))
    assert [event.type for event in answer] == ["handled-stop", "not-handled"]


def test_questions_about_the_server_are_answered_in_their_turn() -> None:
    it = wire()
    asked = take(it, Describe().event(), Ping().event())
    assert asked == [ev.Pinged(WHO_ARE_YOU), ev.Pinged(0.0)]
    about, pong = told(it, ev.Ponged(WHO_ARE_YOU, 0.0), ev.Ponged(0.0, 0.0))
    assert (about.type, pong.type) == ("info", "pong")


def test_errors_are_told_with_their_code() -> None:
    (error,) = told(wire(), ev.ErrorRaised(ErrorCode.ASR_FAILED, "Broken."))
    assert error.data == {"text": "Broken.", "code": "asr_failed"}


@pytest.mark.parametrize(
    "event",
    [
        Event("audio-start", {}),
        Event("audio-start", {"rate": "x", "width": 2, "channels": 1}),
        Event("audio-start", {"rate": 16_000, "width": 4, "channels": 1}),
        Event("audio-start", {"rate": 1, "width": 2, "channels": 1}),
        Event("audio-start", {"rate": 16_000, "width": 2, "channels": 99}),
        Event("transcript", {}),
        Event("transcript", {"text": "x", "context": [1]}),
    ],
)
def test_what_lacks_something_is_refused(event: Event) -> None:
    (refused,) = take(wire(), event)
    assert isinstance(refused, ev.MessageRefused)
    assert not refused.fatal


def test_what_is_no_wyoming_ends_the_session() -> None:
    refused, ended = wire().receive(b"nonsense\n")
    assert isinstance(refused, ev.MessageRefused)
    assert (refused.fatal, ended) == (True, ev.SessionEnded())


json_values: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([])
)
kinds = st.sampled_from(
    ("transcribe", "audio-start", "audio-chunk", "audio-stop", "transcript", "ping", "other")
)
keys = st.sampled_from(("rate", "width", "channels", "text", "context", "language", "name"))
wild = st.builds(
    Event, kinds, st.dictionaries(keys, json_values), st.none() | st.binary(max_size=9)
)


@given(st.lists(wild, max_size=8))
def test_nothing_raises(events: list[Event]) -> None:
    it = wire()
    for event in events:
        it.receive(encode(event))
