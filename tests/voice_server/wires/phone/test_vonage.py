"""Vonage's dialect, where its golden sequence does not go."""

import numpy as np
import pytest

from audio.formats import AudioFormat, Codec
from voice_server.wires.phone import CallEnded, CallStarted, Misunderstood, Play
from voice_server.wires.phone.vonage import Vonage

pytestmark = pytest.mark.pure


def connected(content_type: str) -> str:
    return f'{{"event":"websocket:connected","content-type":"{content_type}","token":"t"}}'


@pytest.mark.parametrize(("rate", "frame"), [(8000, 320), (16_000, 640), (24_000, 960)])
def test_every_message_is_one_frame(rate: int, frame: int) -> None:
    vonage = Vonage()
    (call,) = vonage.read(connected(f"audio/l16;rate={rate}"))
    assert isinstance(call, CallStarted)
    assert call.format == AudioFormat(Codec.PCM_S16LE, rate)
    assert call.parameters["token"] == "t"
    messages = vonage.write(Play(np.zeros(frame // 2 * 5, np.int16)))
    assert [len(message) for message in messages] == [frame] * 5


@pytest.mark.parametrize("content_type", ["audio/l16;rate=x", "audio/l16", "audio/ogg;rate=8000"])
def test_other_formats_end_the_call(content_type: str) -> None:
    (problem,) = Vonage().read(connected(content_type))
    assert isinstance(problem, Misunderstood)
    assert problem.fatal


def test_a_call_ends_when_it_is_disconnected() -> None:
    assert Vonage().read('{"event":"websocket:disconnected"}') == [CallEnded()]
