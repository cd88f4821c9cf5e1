"""What media streams share: Base64, counts in two spellings, messages that are none."""

import base64

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.formats import Codec
from voice_server.closes import ErrorCode
from voice_server.wires.phone import CallerAudio, Mark, Misunderstood, Play
from voice_server.wires.phone.media_json import Digit, Media, decoded, heard, plain, written

pytestmark = pytest.mark.pure

DIGIT = msgspec.json.Decoder(Digit)


@given(st.binary(max_size=400))
def test_audio_comes_as_base64(data: bytes) -> None:
    payload = base64.b64encode(data).decode()
    assert heard(Media(payload)) == [CallerAudio(data)]


@pytest.mark.parametrize("payload", ["a", "ab=c", "é", "a b=", "====", "\x00"])
def test_what_is_not_base64_is_said_to_be_none(payload: str) -> None:
    (problem,) = heard(Media(payload))
    assert isinstance(problem, Misunderstood)
    assert problem.code is ErrorCode.BAD_AUDIO


@pytest.mark.parametrize(
    ("told", "meant"),
    [("2", 2), (2, 2), ("", None), (None, None), ("x", None), (-1, None), ("²", None)],
)
def test_counts_have_two_spellings(told: str | int | None, meant: int | None) -> None:
    assert heard(Media("", chunk=told, timestamp=told)) == [CallerAudio(b"", meant, meant)]


def test_our_own_voice_on_another_track_is_not_the_callers() -> None:
    assert heard(Media("AAAA", track="outbound")) == []
    assert heard(Media("AAAA", track="inbound_track"))


@pytest.mark.parametrize(
    "text", ["", "[", "[]", '{"digit":1}', "{}", "\ud83d", "[" * 100_000, '{"digit":"' + "1" * 999]
)
def test_what_is_no_message_is_misunderstood(text: str) -> None:
    found: Digit | Misunderstood = decoded(DIGIT, text)
    assert isinstance(found, Misunderstood)


def test_orders_are_written_with_their_head() -> None:
    samples = np.zeros(3, np.int16)
    assert written(Play(samples), Codec.PCMU, streamSid="MZ") == [
        '{"event":"media","streamSid":"MZ","media":{"payload":"////"}}'
    ]
    assert written(Mark("1:2:3"), Codec.PCMU) == ['{"event":"mark","mark":{"name":"1:2:3"}}']
    assert written("clear", Codec.PCMU) == ['{"event":"clear"}']
    assert written("hang_up", Codec.PCMU) == []


def test_parameters_are_text() -> None:
    assert plain({"a": "x", "b": 1, "c": None, "d": True}) == {"a": "x", "b": "1", "d": "True"}
