"""`voice.v1`: nothing a client sends raises, no sample counts twice, no message lacks a number."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.formats import AudioFormat, Codec
from models.llm import Tool
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.wires.frames import MODULUS, Flags, Frame, Kind, unpack
from voice_server.wires.voice_v1 import FEATURES, IDS_REMEMBERED, RATES, VoiceV1

pytestmark = pytest.mark.pure

DEEP = 100_000

VALID = (
    '{"type":"hello","id":"h","protocol":1,"mode":"conversation","features":["partials"],'
    '"audio":{"framing":"framed","input":{"codec":"pcm_s16le","rate":16000,"channels":1},'
    '"output":{"codec":"pcm_s16le","rates":[24000]}},"config":{"turn":{"silence_ms":500}}}',
    '{"type":"config.update","config":{"language":"en","speed":1.5,"turn":{"mode":"vad"}}}',
    '{"type":"text","text":"schön 🙂","respond":false,"id":"a"}',
    '{"type":"cancel","response":"resp_7","played":{"stream":7,"pos":480}}',
    '{"type":"playback","stream":7,"pos":480,"state":"playing"}',
    '{"type":"say","text":"Hello.","voice":"a","interruptible":true}',
    '{"type":"ping","t":1.5}',
    '{"type":"respond","instructions":"Be brief."}',
    '{"type":"respond","modalities":["text"],"tools":[{"name":"go"}],"metadata":{"a":"b"}}',
    '{"type":"tool.result","call":"call_1","output":{"a":1},"respond":true,"id":"t"}',
    '{"type":"history.get"}',
    '{"type":"item.create","item":{"id":"i","role":"system","text":"Hi."},"after":""}',
    '{"type":"item.delete","item":"item_1"}',
    *(f'{{"type":"audio.{verb}"}}' for verb in ("commit", "clear", "mute", "unmute")),
    '{"type":"bye"}',
)

CRUEL = (
    *("", "null", "[]", "{}", "\x00", "\ud83d", '{"type":"text","text":"\\ud83d"}'),
    "[" * DEEP,
    '{"a":' * DEEP,
    '{"type":"ping","x":' + "[" * DEEP + "]" * DEEP + "}",
    '{"type":"ping","t":' + "9" * 5000 + "}",
    '{"type":"ping","t":1e999}',
    '{"type":"ping","t":NaN}',
    '{"type":"ping","type":"bye"}',
    '{"type":"cancel","response":"resp_' + "9" * 124 + '"}',
    '{"type":"playback","stream":0,"pos":' + "9" * 400 + "}",
    '{"type":"hello","audio":{"input":{"channels":' + "9" * 15 + "}}}",
    '{"type":"hello","protocol":' + "9" * 500 + "}",
)


def opened(**hello: object) -> VoiceV1:
    wire = VoiceV1({})
    (event,) = wire.receive(json.dumps({"type": "hello", **hello}))
    assert isinstance(event, ev.SessionOpened)
    return wire


def hello(**fields: object) -> list[ev.ClientEvent]:
    return VoiceV1({}).receive(json.dumps({"type": "hello", **fields}))


def options_of(events: Sequence[ev.ClientEvent]) -> ev.SessionOptions:
    (event,) = events
    assert isinstance(event, ev.SessionOpened)
    return event.options


def refusal_of(events: Sequence[ev.ClientEvent]) -> ev.MessageRefused:
    (event,) = events
    assert isinstance(event, ev.MessageRefused)
    return event


# Anything at all ----------------------------------------------------------------------------------


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid message with a few characters replaced, removed or doubled."""
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.text(max_size=2)) + text[at + draw(st.integers(0, 2)) :]
    return text


anything = st.one_of(st.text(), st.binary(max_size=64), mutated(), st.sampled_from(VALID))


@given(st.lists(anything, max_size=8), st.booleans())
def test_nothing_raises(messages: list[str | bytes], open_at_once: bool) -> None:
    wire = VoiceV1({}, open_at_once=open_at_once)
    events = wire.greet()
    for message in messages:
        events += wire.receive(message)
    assert all(isinstance(event, get_args(ev.ClientEvent)) for event in events)
    assert sum(isinstance(event, ev.SessionOpened) for event in events) <= 1
    refusals = [event for event in events if isinstance(event, ev.MessageRefused)]
    assert all(refusal.message.endswith(".") for refusal in refusals)


@pytest.mark.parametrize("message", CRUEL, ids=range(len(CRUEL)))
def test_cruel_messages_are_refused(message: str) -> None:
    for wire in (VoiceV1({}), opened()):
        assert refusal_of(wire.receive(message)).message.endswith(".")


query_values = st.text(max_size=6) | st.sampled_from(
    ("raw", "framed", "tts", "16000", "8000", "-1", "9" * 5000, "pcmu", "pcm_s16le", "1", "2", "𝟙")
)


@given(
    st.dictionaries(
        st.sampled_from(
            ("mode", "framing", "codec", "rate", "out_rate", "channels", "lang", "voice")
        ),
        query_values,
    )
)
def test_no_url_raises(query: dict[str, str]) -> None:
    (event,) = VoiceV1(query, open_at_once=True).greet()
    assert isinstance(event, ev.SessionOpened) or refusal_of([event]).fatal


# Opening ------------------------------------------------------------------------------------------


def test_a_bare_hello_has_the_documented_defaults() -> None:
    assert options_of(hello()) == ev.SessionOptions()


def test_hello_says_everything() -> None:
    events = hello(
        protocol=1,
        client={"name": "kiosk", "version": "2"},
        mode="transcription",
        audio={
            "framing": "raw",
            "input": {"codec": "pcmu", "rate": 8000, "channels": 2, "frame_ms": 20},
            "output": {"codec": "pcm_s16le", "rates": [96_000, 22_050], "max_lead_ms": 500},
        },
        playback={"reports": True, "interval_ms": 200, "echo_cancelled": False},
        features=["partials", "time_travel"],
        config={
            "language": "de",
            "instructions": "x",
            "voice": "v",
            "speed": 1.5,
            "turn": {"a": 1},
        },
    )
    assert options_of(events) == ev.SessionOptions(
        mode="transcription",
        input=AudioFormat(Codec.PCMU, 8000, 2),
        output_codec=Codec.PCM_S16LE,
        output_rate=22_050,
        framed=False,
        lead_ms_max=500,
        playback_reports=True,
        echo_cancelled=False,
        features=frozenset({"partials"}),
        config=ev.SessionConfig("de", "x", "v", 1.5, {"a": 1}),
        client="kiosk 2",
    )


@pytest.mark.parametrize(
    ("fields", "code", "complaint"),
    [
        ({"protocol": 2}, ErrorCode.BAD_REQUEST, "Protocol 2"),
        ({"audio": {"input": {"codec": "opus"}}}, ErrorCode.UNSUPPORTED_FORMAT, "pcm_s16le"),
        ({"audio": {"input": {"rate": 7999}}}, ErrorCode.UNSUPPORTED_FORMAT, "8000 to 48000"),
        ({"audio": {"input": {"rate": 48_001}}}, ErrorCode.UNSUPPORTED_FORMAT, "8000 to 48000"),
        ({"audio": {"input": {"channels": 0}}}, ErrorCode.UNSUPPORTED_FORMAT, "1, or 2"),
        ({"audio": {"input": {"channels": 3}}}, ErrorCode.UNSUPPORTED_FORMAT, "1, or 2"),
        ({"audio": {"input": {"codec": "pcmu"}}}, ErrorCode.UNSUPPORTED_FORMAT, "8000 Hz"),
        ({"audio": {"output": {"codec": "mp3"}}}, ErrorCode.UNSUPPORTED_FORMAT, "pcm_s16le"),
        ({"audio": {"output": {"rates": [7999]}}}, ErrorCode.UNSUPPORTED_FORMAT, "8000 to 48000"),
    ],
)
def test_a_hello_that_cannot_be_met_is_the_end(
    fields: dict[str, object], code: ErrorCode, complaint: str
) -> None:
    refusal = refusal_of(hello(**fields))
    assert (refusal.code, refusal.fatal) == (code, True)
    assert complaint in refusal.message


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [({"mode": "opera"}, "opera"), ({"audio": {"framing": "loose"}}, "loose")],
)
def test_a_hello_that_wants_another_server_is_fatal(
    fields: dict[str, object], complaint: str
) -> None:
    refusal = refusal_of(VoiceV1({}).receive(json.dumps({"type": "hello", **fields})))
    assert (refusal.code, refusal.fatal) == (ErrorCode.BAD_REQUEST, True)
    assert complaint in refusal.message


def test_a_hello_that_says_nothing_sensible_may_be_sent_again() -> None:
    wire = VoiceV1({})
    refusal = refusal_of(wire.receive('{"type":"hello","features":"all"}'))
    assert (refusal.code, refusal.fatal) == (ErrorCode.BAD_REQUEST, False)
    assert "features" in refusal.message
    assert options_of(wire.receive('{"type":"hello"}')) == ev.SessionOptions()


def test_a_refused_hello_is_answered_by_its_name() -> None:
    assert refusal_of(hello(id="h", protocol=2)).id == "h"
    assert refusal_of(hello(id="h", audio={"input": {"codec": "opus"}})).id == "h"


def test_the_first_message_is_hello_or_audio() -> None:
    refusal = refusal_of(VoiceV1({}).receive('{"type":"ping","id":"p"}'))
    assert (refusal.id, refusal.fatal) == ("p", False)
    assert "hello" in refusal.message


def test_a_second_hello_changes_nothing() -> None:
    wire = opened()
    refusal = refusal_of(wire.receive('{"type":"hello","mode":"tts"}'))
    assert not refusal.fatal
    assert "config.update" in refusal.message


def test_audio_alone_opens_a_raw_session() -> None:
    opening, audio = VoiceV1({}).receive(b"\x01\x02")
    options = options_of([opening])
    assert not options.framed
    assert options.input == AudioFormat(Codec.PCM_S16LE, 16_000)
    assert audio == ev.AudioReceived(b"\x01\x02")


def test_an_empty_first_message_opens_too() -> None:
    assert len(VoiceV1({}).receive(b"")) == 1


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"mode": "tts"}, {"mode": "tts"}),
        ({"framing": "framed"}, {"framed": True}),
        ({"rate": "48000"}, {"input": AudioFormat(Codec.PCM_S16LE, 48_000)}),
        ({"channels": "2"}, {"input": AudioFormat(Codec.PCM_S16LE, 16_000, 2)}),
        ({"out_rate": "16000"}, {"output_rate": 16_000}),
        ({"lang": "de", "voice": "v"}, {"config": ev.SessionConfig(language="de", voice="v")}),
        (
            {"codec": "pcma"},
            {
                "input": AudioFormat(Codec.PCMA, 8000),
                "output_codec": Codec.PCMA,
                "output_rate": 8000,
            },
        ),
    ],
)
def test_the_url_can_open_the_session(query: dict[str, str], wanted: dict[str, object]) -> None:
    options = options_of(VoiceV1(query).greet())
    assert {name: getattr(options, name) for name in wanted} == wanted


def test_a_url_that_says_nothing_leaves_it_to_the_client() -> None:
    assert VoiceV1({"utm_source": "x"}).greet() == []
    assert options_of(VoiceV1({}, open_at_once=True).greet()).framed is False


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"mode": "opera"}, "mode or framing"),
        ({"framing": "loose"}, "mode or framing"),
        ({"rate": "fast"}, "numbers"),
        ({"out_rate": ""}, "numbers"),
        ({"channels": "1.0"}, "numbers"),
        ({"rate": "7999"}, "8000 to 48000"),
        ({"out_rate": "96000"}, "8000 to 48000"),
        ({"channels": "3"}, "1, or 2"),
        ({"codec": "opus"}, "pcm_s16le"),
        ({"codec": "pcmu", "rate": "16000"}, "8000 Hz"),
    ],
)
def test_a_url_that_cannot_be_met_is_the_end(query: dict[str, str], complaint: str) -> None:
    refusal = refusal_of(VoiceV1(query).greet())
    assert refusal.fatal
    assert complaint in refusal.message.lower() or complaint in refusal.message


def test_without_a_wish_the_best_rate_is_taken() -> None:
    assert options_of(hello()).output_rate == RATES[0]
    g711 = hello(audio={"output": {"codec": "pcmu", "rates": [48_000]}})
    assert options_of(g711).output_rate == 8000


# Messages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "events"),
    [
        (
            {"type": "config.update", "config": {"speed": 2}},
            [ev.ConfigChanged(ev.SessionConfig(speed=2.0))],
        ),
        ({"type": "text", "text": "Hi."}, [ev.TextReceived("Hi.", True)]),
        ({"type": "text", "text": "Hi.", "respond": False}, [ev.TextReceived("Hi.", False)]),
        ({"type": "audio.commit"}, [ev.AudioCommitted()]),
        ({"type": "audio.clear"}, [ev.AudioCleared()]),
        ({"type": "audio.mute"}, [ev.MicrophoneMuted(True)]),
        ({"type": "audio.unmute"}, [ev.MicrophoneMuted(False)]),
        ({"type": "respond"}, [ev.ReplyRequested(None)]),
        ({"type": "respond", "instructions": "x"}, [ev.ReplyRequested("x")]),
        ({"type": "cancel"}, [ev.ReplyCancelled(None)]),
        ({"type": "cancel", "response": "resp_7"}, [ev.ReplyCancelled(7)]),
        (
            {"type": "cancel", "response": "resp_7", "played": {"stream": 7, "pos": 9}},
            [ev.PlaybackReported(7, 9), ev.ReplyCancelled(7)],
        ),
        (
            {"type": "playback", "stream": 7, "pos": 9, "state": "drained"},
            [ev.PlaybackReported(7, 9, "drained")],
        ),
        (
            {"type": "say", "text": "Hi.", "voice": "v", "interruptible": False},
            [ev.SayRequested("Hi.", "v", False)],
        ),
        ({"type": "ping", "t": 1.5}, [ev.Pinged(1.5)]),
        ({"type": "bye"}, [ev.SessionEnded()]),
    ],
)
def test_what_messages_mean(message: dict[str, object], events: list[ev.ClientEvent]) -> None:
    assert opened().receive(json.dumps(message)) == events


@pytest.mark.parametrize(
    "message",
    [
        {"type": "text", "text": " \n"},
        {"type": "say", "text": ""},
        {"type": "cancel", "response": "seven"},
        {"type": "cancel", "response": "resp_-1"},
        {"type": "cancel", "response": "resp_²"},
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(message: dict[str, object]) -> None:
    refusal = refusal_of(opened().receive(json.dumps({**message, "id": "m"})))
    assert (refusal.code, refusal.id, refusal.fatal) == (ErrorCode.BAD_REQUEST, "m", False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", ErrorCode.BAD_REQUEST),
        ('{"type":"opera"}', ErrorCode.UNKNOWN_TYPE),
        ('{"type":"text"}', ErrorCode.BAD_REQUEST),
    ],
)
def test_after_nonsense_the_conversation_goes_on(text: str, code: ErrorCode) -> None:
    wire = opened()
    refusal = refusal_of(wire.receive(text))
    assert (refusal.code, refusal.fatal) == (code, False)
    assert wire.receive('{"type":"audio.commit"}') == [ev.AudioCommitted()]


# Ids ----------------------------------------------------------------------------------------------


def commit(id: str) -> str:
    return json.dumps({"type": "audio.commit", "id": id})


def test_a_message_with_an_id_is_taken_once() -> None:
    wire = opened()
    acknowledged = ev.MessageAcknowledged("a")
    assert wire.receive(commit("a")) == [ev.Identified("a", ev.AudioCommitted())]
    assert wire.receive(commit("a")) == [acknowledged]
    assert wire.receive('{"type":"bye","id":"a"}') == [acknowledged]


def test_a_refused_message_may_be_put_right() -> None:
    wire = opened()
    assert refusal_of(wire.receive('{"type":"text","text":"","id":"a"}')).id == "a"
    assert refusal_of(wire.receive('{"type":"text","text":"","id":"a"}')).id == "a"
    assert wire.receive('{"type":"text","text":"Hi.","id":"a"}') == [
        ev.Identified("a", ev.TextReceived("Hi."))
    ]


def test_a_hello_with_an_id_is_acknowledged() -> None:
    assert hello(id="h")[1:] == [ev.MessageAcknowledged("h")]


def test_as_many_ids_are_remembered_as_promised() -> None:
    wire = opened()
    for number in range(IDS_REMEMBERED):
        wire.receive(commit(str(number)))
    assert wire.receive(commit("0")) == [ev.MessageAcknowledged("0")]
    wire.receive(commit("new"))
    assert wire.receive(commit("1")) == [ev.MessageAcknowledged("1")]
    assert wire.receive(commit("0")) == [ev.Identified("0", ev.AudioCommitted())]


def test_a_cancel_that_also_reports_is_answered_once() -> None:
    message = '{"type":"cancel","played":{"stream":1,"pos":7},"id":"c"}'
    assert opened().receive(message) == [
        ev.PlaybackReported(1, 7),
        ev.Identified("c", ev.ReplyCancelled()),
    ]


# The microphone -----------------------------------------------------------------------------------


def frame(pos: int, payload: bytes, flags: Flags = Flags.NONE, kind: Kind = Kind.INPUT) -> bytes:
    return Frame(kind, flags, 0, 0, pos, 0, payload).pack()


def ramp(pos: int, samples: int) -> bytes:
    """Samples that say where they belong."""
    return (np.arange(pos, pos + samples) % (1 << 16)).astype("<u2").tobytes()


def silence(pos: int, samples: int) -> bytes:
    return frame(pos, samples.to_bytes(4, "little"), Flags.SILENCE)


def heard(events: Sequence[ev.ClientEvent]) -> list[int | None]:
    """What the session is given, sample by sample; None where there is none."""
    samples: list[int | None] = []
    for event in events:
        match event:
            case ev.AudioReceived(data):
                samples += np.frombuffer(data, "<u2").tolist()
            case ev.AudioMissed(count):
                samples += [None] * count
            case _:
                raise AssertionError(f"not audio: {event}")
    return samples


HALF = (1 << 31) - 1


@given(
    st.lists(
        st.tuples(st.integers(-40, 40), st.integers(0, 30), st.booleans()), min_size=1, max_size=30
    ),
    st.booleans(),
)
def test_every_sample_is_heard_at_its_place_once(
    frames: list[tuple[int, int, bool]], at_the_edge: bool
) -> None:
    """Each frame begins some samples ahead of or behind what has come, twice around the edge."""
    wire, begin = opened(), 0
    if at_the_edge:
        wire.receive(silence(0, HALF))
        wire.receive(silence(HALF, HALF))
        begin = 2 * HALF
    end, events = begin, list[ev.ClientEvent]()
    for ahead, samples, quiet in frames:
        pos = max(begin, end + ahead)
        data = silence(pos, samples) if quiet else frame(pos, ramp(pos, samples))
        events += wire.receive(data)
        end = max(end, pos + samples)
    samples_heard = heard(events)
    assert len(samples_heard) == end - begin
    for place, sample in enumerate(samples_heard):
        assert sample in (None, (begin + place) % (1 << 16))


def test_a_gap_is_told_before_what_follows_it() -> None:
    wire = opened()
    assert wire.receive(frame(100, ramp(100, 2))) == [
        ev.AudioMissed(100, lost=True),
        ev.AudioReceived(ramp(100, 2)),
    ]


def test_what_came_already_is_dropped() -> None:
    wire = opened()
    wire.receive(frame(0, ramp(0, 10)))
    assert wire.receive(frame(0, ramp(0, 10))) == []
    assert wire.receive(frame(8, ramp(8, 4))) == [ev.AudioReceived(ramp(10, 2))]


def test_positions_wrap() -> None:
    wire = opened()
    wire.receive(silence(0, HALF))
    wire.receive(silence(HALF, HALF))
    assert wire.receive(frame(MODULUS - 2, b"abcdefgh")) == [ev.AudioReceived(b"abcdefgh")]
    assert wire.receive(frame(2, b"ij")) == [ev.AudioReceived(b"ij")]
    assert wire.receive(frame(MODULUS - 2, b"abcdefgh")) == []


def test_silence_is_counted_and_not_lost() -> None:
    wire = opened()
    assert wire.receive(silence(0, 480)) == [ev.AudioMissed(480, lost=False)]
    assert wire.receive(silence(0, 480)) == []
    assert wire.receive(silence(240, 480)) == [ev.AudioMissed(240, lost=False)]
    assert wire.receive(silence(820, 80)) == [
        ev.AudioMissed(100, lost=True),
        ev.AudioMissed(80, lost=False),
    ]
    assert wire.receive(frame(900, b"ab")) == [ev.AudioReceived(b"ab")]


@pytest.mark.parametrize(
    ("data", "code", "complaint"),
    [
        (b"", ErrorCode.BAD_FRAME, "header of 16 bytes"),
        (b"x" * 20, ErrorCode.BAD_FRAME, "version 7"),
        (frame(0, b"ab", kind=Kind.OUTPUT), ErrorCode.BAD_FRAME, "kind 1"),
        (frame(0, b"abc"), ErrorCode.BAD_AUDIO, "whole samples of 2 bytes"),
        (frame(0, b"", Flags.SILENCE), ErrorCode.BAD_FRAME, "4 bytes"),
        (frame(0, b"abcde", Flags.SILENCE), ErrorCode.BAD_FRAME, "4 bytes"),
    ],
)
def test_frames_that_are_none_are_refused(data: bytes, code: ErrorCode, complaint: str) -> None:
    wire = opened()
    refusal = refusal_of(wire.receive(data))
    assert (refusal.code, refusal.fatal) == (code, False)
    assert complaint in refusal.message
    assert wire.receive(frame(0, b"ab")) == [ev.AudioReceived(b"ab")]


def test_a_stereo_frame_holds_pairs() -> None:
    wire = opened(audio={"input": {"channels": 2}})
    assert refusal_of(wire.receive(frame(0, b"ab"))).code is ErrorCode.BAD_AUDIO
    wire.receive(frame(0, b"abcd" * 10))
    assert wire.receive(frame(9, b"ABCDefgh")) == [ev.AudioReceived(b"efgh")]


def test_an_empty_last_frame_is_no_audio() -> None:
    assert opened().receive(frame(0, b"", Flags.END)) == []


@given(st.binary(min_size=1))
def test_raw_audio_is_taken_as_it_is(data: bytes) -> None:
    assert opened(audio={"framing": "raw"}).receive(data) == [ev.AudioReceived(data)]


# To the client ------------------------------------------------------------------------------------


def audio(**fields: Any) -> ev.AudioFrame:
    return ev.AudioFrame(
        **{"stream": 7, "position": 480, "samples": np.array([1, -2], np.int16), **fields}
    )


outgoing = st.one_of(
    st.builds(ev.StateChanged, st.sampled_from(ev.ConversationState)),
    st.builds(ev.PartialTranscript, st.just(1), st.just(1), st.text(), st.text(), st.just("en")),
    st.builds(ev.ReplyText, st.integers(1, 9), st.text()),
    st.builds(ev.ReplyText, st.integers(1, 9), st.just("half \ud83d")),
    st.builds(ev.MessageAcknowledged, st.text()),
    st.builds(ev.Ponged, st.floats(0, 1), st.floats(0, 1)),
    st.builds(ev.Noticed, st.just("input_gap")),
    st.just(audio()),
)


@given(st.lists(outgoing, max_size=40), st.booleans(), st.sets(st.sampled_from(sorted(FEATURES))))
def test_everything_sent_is_numbered_without_gaps(
    events: list[ev.ServerEvent], framed: bool, features: set[str]
) -> None:
    framing = "framed" if framed else "raw"
    wire = opened(audio={"framing": framing}, features=sorted(features))
    sn = 0
    for event in events:
        for data in wire.send(event, 0):
            if isinstance(data, bytes):
                sn += 1
                assert not framed or unpack(data).seq == sn
            else:
                message = json.loads(data)
                numbered = message["type"] not in ("ack", "pong")
                sn += numbered
                assert message.get("sn") == (sn if numbered else None)


def test_what_was_not_granted_is_not_sent_and_not_counted() -> None:
    wire = opened()
    assert wire.send(ev.StateChanged(ev.ConversationState.LISTENING), 0) == []
    (sent,) = wire.send(ev.AudioStarted(1), 0)
    assert json.loads(sent)["sn"] == 1


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({}, Flags.NONE),
        ({"first": True}, Flags.START),
        ({"last": True}, Flags.END),
        ({"first": True, "last": True}, Flags.START | Flags.END),
    ],
)
def test_audio_goes_out_in_frames(fields: dict[str, bool], flags: Flags) -> None:
    (data,) = opened().send(audio(**fields), MODULUS + 5)
    assert isinstance(data, bytes)
    assert unpack(data) == Frame(Kind.OUTPUT, flags, 7, 1, 480, 5, b"\x01\x00\xfe\xff")


def test_raw_audio_goes_out_bare() -> None:
    assert opened(audio={"framing": "raw"}).send(audio(first=True), 0) == [b"\x01\x00\xfe\xff"]


def test_audio_goes_out_in_the_codec_that_was_asked_for() -> None:
    wire = opened(audio={"framing": "raw", "output": {"codec": "pcmu"}})
    assert wire.send(audio(samples=np.zeros(3, np.int16)), 0) == [b"\xff\xff\xff"]


def test_refusals_can_be_sent_before_the_session_is_open() -> None:
    (sent,) = VoiceV1({}).send(ev.ErrorRaised(ErrorCode.HELLO_TIMEOUT, "No.", fatal=True), 0)
    assert json.loads(sent)["code"] == "hello_timeout"


def translated(**message: object) -> ev.ClientEvent:
    (event,) = opened().receive(json.dumps(message))
    return event


def test_a_reply_can_be_asked_for_in_many_ways() -> None:
    asked = translated(
        type="respond",
        modalities=["text"],
        voice="a",
        tools=[{"name": "go", "description": "Go.", "parameters": {"type": "object"}}],
        tool_choice="go",
        max_tokens=9,
        temperature=0.5,
        aside=True,
        follows=True,
        metadata={"a": "b"},
    )
    assert asked == ev.ReplyRequested(
        speaks=False,
        voice="a",
        tools=(Tool("go", "Go.", {"type": "object"}),),
        tool_choice="go",
        max_tokens=9,
        temperature=0.5,
        aside=True,
        follows=True,
        tag='{"a":"b"}',
    )
    assert translated(type="respond") == ev.ReplyRequested()
    assert translated(type="respond", modalities=["audio"]) == ev.ReplyRequested(speaks=True)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"output": "20 °C"}, "20 °C"),
        ({"output": {"t": 20}}, '{"t":20}'),
        ({}, "null"),
        ({"output": "x", "error": "No network."}, "The tool failed: No network."),
    ],
)
def test_a_tool_is_answered(fields: dict[str, object], told: str) -> None:
    answer = translated(type="tool.result", call="call_1", respond=False, **fields)
    assert answer == ev.ToolReturned("call_1", told, respond=False)


def test_the_history_is_shown_and_changed() -> None:
    assert translated(type="history.get") == ev.ItemsWanted()
    assert translated(type="item.delete", item="i") == ev.ItemDeleted("i")
    new = {"id": "i", "role": "assistant", "text": "Hi."}
    item = ev.Item("i", role="assistant", text="Hi.")
    assert translated(type="item.create", item=new) == ev.ItemInserted(item)
    assert translated(type="item.create", item=new, after="") == ev.ItemInserted(item, "")


def test_tools_and_limits_are_configuration() -> None:
    changed = translated(
        type="config.update",
        config={
            "tools": [{"name": "go"}],
            "tool_choice": "none",
            "modalities": ["text"],
            "answers": False,
            "hints": "Ada",
            "hot_words": ["Grace"],
            "max_tokens": 5,
            "temperature": 1,
        },
    )
    assert changed == ev.ConfigChanged(
        ev.SessionConfig(
            tools=(Tool("go"),),
            tool_choice="none",
            speaks=False,
            answers=False,
            hints="Ada",
            hot_words=("Grace",),
            max_tokens=5,
            temperature=1.0,
        )
    )


# Coming back ---------------------------------------------------------------------------------


def test_a_client_that_can_come_back_says_so_and_names_what_it_lacks() -> None:
    resume = {
        "session": "ses_1",
        "token": "rt_1",
        "last_sn": 7,
        "playback": {"stream": 2, "pos": 9},
    }
    wire = VoiceV1({})
    hello = {"type": "hello", "features": ["resume"], "resume": resume}
    (event,) = wire.receive(json.dumps(hello))
    assert isinstance(event, ev.SessionOpened)
    assert event.options.resumes
    assert event.resume == ev.ResumeAsked("ses_1", "rt_1", 7, (2, 9))
    assert "rt_1" not in repr(event)


@pytest.mark.parametrize(
    "hello",
    [{"features": []}, {"features": ["resume"], "audio": {"framing": "raw"}}],
    ids=["not asked for", "no numbers in raw audio"],
)
def test_nobody_else_comes_back(hello: dict[str, object]) -> None:
    resume = {"session": "ses_1", "token": "rt_1", "last_sn": 7}
    (event,) = VoiceV1({}).receive(json.dumps({"type": "hello", **hello, "resume": resume}))
    assert isinstance(event, ev.SessionOpened)
    assert (event.options.resumes, event.resume) == (False, None)


def test_what_concerns_one_connection_takes_no_number() -> None:
    wire = opened(features=["resume"])
    wire.send(ev.ReplyText(1, "a"), 0)
    (message,) = wire.aside(ev.ErrorRaised(ErrorCode.TAKEN_OVER, "Gone.", fatal=True), 0)
    assert "sn" not in json.loads(message)
    assert wire.sent == 1


def test_audio_that_is_sent_again_keeps_its_number_and_says_so() -> None:
    wire = opened(features=["resume"])
    audio = ev.AudioFrame(3, 480, np.arange(10, dtype=np.int16), last=True)
    (first,) = wire.send(audio, 0)
    wire.send(ev.ReplyText(1, "a"), 0)
    assert isinstance(first, bytes)
    sent, again = unpack(first), unpack(wire.again(1, audio, 0))
    assert again == dataclasses.replace(sent, flags=Flags.END | Flags.REPLAY)
    assert wire.sent == 2


def test_the_next_sample_is_known() -> None:
    wire = opened()
    wire.receive(Frame(Kind.INPUT, Flags.NONE, 0, 0, 0, 0, bytes(320)).pack())
    assert wire.input_position == 160
