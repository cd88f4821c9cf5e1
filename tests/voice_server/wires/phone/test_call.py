"""Calls over every dialect: golden sequences, cruelty, admission, greetings."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.formats import AudioFormat, Codec
from tests.voice_server.wires.phone.golden import frame, replay
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.settings import Settings
from voice_server.wires.phone import CallerAudio, CallStarted, Dialect, KeyPressed, Order, Signal
from voice_server.wires.phone.asterisk import Asterisk
from voice_server.wires.phone.audiosocket import AudioSocket
from voice_server.wires.phone.call import PhoneWire
from voice_server.wires.phone.policy import call_policy
from voice_server.wires.phone.telnyx import Telnyx
from voice_server.wires.phone.twilio import Twilio
from voice_server.wires.phone.vonage import Vonage

pytestmark = pytest.mark.pure

DIALECTS: dict[str, Callable[[], Dialect]] = {
    "twilio": Twilio,
    "telnyx": Telnyx,
    "vonage": Vonage,
    "asterisk_json": lambda: Asterisk({}),
    "asterisk_plain": lambda: Asterisk({}),
    "audiosocket": AudioSocket,
}
each_dialect = pytest.mark.parametrize("name", DIALECTS)

FORMAT = AudioFormat(Codec.PCM_S16LE, 8000)

WORDS = (
    *(
        '{"event":"start"}',
        '{"event":"media","media":{}}',
        '{"event":"mark","mark":{"name":"1:2:3"}}',
    ),
    *('{"event":"start","start":{"streamSid":"M","mediaFormat":{"encoding":"opus"}}}', "{}", "[]"),
    '{"event":"media","media":{"payload":"AAAA","chunk":"99999999999999","timestamp":"9"}}',
    '{"event":"dtmf","dtmf":{"digit":"ß"}}',
    '{"event":"websocket:connected","content-type":"audio/l16;rate=x"}',
    '{"event":"websocket:connected","content-type":7}',
    *('{"event":"websocket:notify","payload":[1]}', '{"event":["a"]}', '{"event":null}'),
    *('{"event":"MEDIA_START","format":"opus"}', '{"event":"MEDIA_START","channel_variables":[]}'),
    *("MEDIA_START", "MEDIA_START format:slin16", "MEDIA_XOFF", "MEDIA_MARK_PROCESSED", " ", ""),
    *("\x00", "\ud83d", "[" * 20_000, '{"event":' * 20_000, "mark", "mark 1:2"),
)


class Plain:
    """A dialect for tests: signals are given, orders are kept."""

    peer = "test"
    can_pause = False

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self.orders: list[Order] = []

    def read(self, message: str | bytes) -> list[Signal]:
        signals, self.signals = self.signals, []
        return signals

    def write(self, order: Order) -> list[str | bytes]:
        self.orders.append(order)
        return []


def a_call(dialect: Dialect, **phone: object) -> PhoneWire:
    settings = Settings.model_validate({"phone": phone})
    return PhoneWire(dialect, call_policy(settings, vouched=False))


def started(**phone: object) -> tuple[Plain, PhoneWire, list[ev.ClientEvent]]:
    dialect = Plain()
    wire = a_call(dialect, **phone)
    dialect.signals = [CallStarted("c1", FORMAT, {})]
    return dialect, wire, wire.receive("")


@each_dialect
def test_the_golden_sequence(name: str) -> None:
    wanted, made = replay(name, a_call(DIALECTS[name]()))
    assert made == wanted


@each_dialect
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(), st.binary()), max_size=8))
def test_nothing_that_a_peer_sends_raises(name: str, messages: list[str | bytes]) -> None:
    wire = a_call(DIALECTS[name]())
    for message in messages:
        wire.receive(message)
        wire.send(frame(1, 0, 200), 0)
        wire.send(ev.PlaybackPaused(1), 0)
        wire.send(ev.PlaybackResumed(1), 0)


@pytest.mark.parametrize("kind", [0x00, 0x01, 0x03, 0x10, 0x12, 0x17, 0x18, 0x7F, 0xFF])
@given(st.binary(max_size=64))
def test_no_audiosocket_frame_raises(kind: int, payload: bytes) -> None:
    wire = a_call(AudioSocket())
    wire.receive(b"\x01\x00\x10" + bytes(16))
    wire.receive(bytes([kind, 0, len(payload)]) + payload)
    wire.receive(bytes([kind, 0, len(payload)]) + payload[:-1])


def test_a_call_is_greeted_at_once_if_there_is_something_to_say() -> None:
    _, wire, (opened,) = started(greeting="Good day.")
    assert isinstance(opened, ev.SessionOpened)
    assert opened.options.greeting == "Good day."
    assert wire.call == "test c1"


def test_a_call_without_the_token_ends_before_it_begins() -> None:
    _, _, events = started(token="the-token-of-the-phone")
    (refusal,) = events
    assert isinstance(refusal, ev.MessageRefused)
    assert (refusal.code, refusal.fatal) == (ErrorCode.UNAUTHORIZED, True)


def test_audio_before_the_call_and_a_second_call_are_refused() -> None:
    dialect, wire, _ = started()
    dialect.signals = [CallStarted("c2", FORMAT, {})]
    assert isinstance(wire.receive("")[0], ev.MessageRefused)
    assert wire.call == "test c1"
    early = Plain()
    early.signals = [CallerAudio(b"\0\0")]
    assert isinstance(a_call(early).receive("")[0], ev.MessageRefused)


@pytest.mark.parametrize("key", ["", "12", "w", "ß", " "])
def test_a_telephone_has_sixteen_keys(key: str) -> None:
    dialect, wire, _ = started()
    dialect.signals = [KeyPressed(key)]
    assert isinstance(wire.receive("")[0], ev.MessageRefused)
    dialect.signals = [KeyPressed("d")]
    assert wire.receive("") == [ev.DigitPressed("D")]


def test_the_call_is_hung_up_when_the_session_is_over() -> None:
    for event in (
        ev.GoingAway("drain"),
        ev.ErrorRaised(ErrorCode.IDLE_TIMEOUT, "Idle.", fatal=True),
    ):
        dialect, wire, _ = started()
        wire.send(event, 0)
        assert dialect.orders == ["hang_up"]
    dialect, wire, _ = started()
    wire.send(ev.ErrorRaised(ErrorCode.LLM_FAILED, "No answer."), 0)
    assert dialect.orders == []


def test_a_silent_caller_is_said_goodbye_to_and_then_hung_up_on() -> None:
    dialect, wire, _ = started(silence_prompt="", farewell="Bye.")
    wire.send(ev.Noticed("user_idle"), 0)
    assert ev.SayRequested("Bye.") in wire.receive("")
    wire.send(ev.ReplyStarted(2, "say", None), 0)
    wire.send(ev.ReplyDone(2, "completed", "Bye.", {}, {}), 0)
    assert dialect.orders == ["hang_up"]
    assert wire.receive("") == [ev.SessionEnded()]
