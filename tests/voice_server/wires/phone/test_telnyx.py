"""Telnyx' dialect, where its golden sequence does not go."""

import base64
import json

import numpy as np
import pytest

from audio.formats import AudioFormat, Codec
from voice_server.wires.phone import CallStarted, Misunderstood, Play
from voice_server.wires.phone.telnyx import Telnyx

pytestmark = pytest.mark.pure


def start(encoding: str, rate: int) -> str:
    format = {"encoding": encoding, "sample_rate": rate, "channels": 1}
    call = {"call_control_id": "v2:1", "media_format": format}
    return json.dumps({"event": "start", "stream_id": "s", "start": call})


@pytest.mark.parametrize(
    ("encoding", "rate", "codec"),
    [("PCMU", 8000, Codec.PCMU), ("PCMA", 8000, Codec.PCMA), ("L16", 16_000, Codec.PCM_S16LE)],
)
def test_audio_goes_back_as_it_comes(encoding: str, rate: int, codec: Codec) -> None:
    telnyx = Telnyx()
    assert telnyx.read(start(encoding, rate)) == [CallStarted("v2:1", AudioFormat(codec, rate))]
    (message,) = telnyx.write(Play(np.zeros(160, np.int16)))
    payload = base64.b64decode(json.loads(message)["media"]["payload"])
    assert len(payload) == 160 * (2 if codec is Codec.PCM_S16LE else 1)


def test_other_codecs_end_the_call() -> None:
    (problem,) = Telnyx().read(start("AMR-WB", 16_000))
    assert isinstance(problem, Misunderstood)
    assert problem.fatal


def test_binary_messages_are_not_telnyx() -> None:
    assert isinstance(Telnyx().read(b"x")[0], Misunderstood)
