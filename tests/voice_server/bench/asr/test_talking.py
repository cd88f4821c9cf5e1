"""A block of talk becomes scores, and processor time per second of speech."""

import json

import numpy as np
import pytest

from voice_server.bench.asr.speech import Spoken
from voice_server.bench.asr.talking import HELLO, Talk, judged, order
from voice_server.bench.load.orders import Block, Session
from voice_server.bench.load.talk import script
from voice_server.wires import messages

pytestmark = pytest.mark.pure

SPEECH = Spoken("Red lamp.", np.ones(16_000, np.int16), (("red", 0.5), ("lamp", 1.0)))


def test_everybody_is_judged_by_what_they_were_shown() -> None:
    asked = order(1, 1, 2, Talk([SPEECH], seconds=8.0))
    lines = script(asked)
    text = json.dumps({"type": "transcript.final", "item": "t1", "text": "Red lamp."})
    shown = Session(1.0, [], [(lines[0][0].begins_s + 1.2, text)], 0.0)
    silent = Session(1.0, [], [], 0.0)
    block = Block(asked, 8, 0.5, 0, 0, 0, None, None, 0, 0, [shown, silent])
    heard = judged(block, [SPEECH])
    finals = [score.final_ms for score in heard.scores]
    assert finals[0] == pytest.approx(200)
    assert set(finals[len(lines[0]) :]) == {None}
    assert heard.cpu_per_speech_s == pytest.approx(0.5 / sum(map(len, lines)))


def test_the_server_understands_the_hello() -> None:
    hello = messages.decode(HELLO)
    assert isinstance(hello, messages.Hello)
    assert (hello.mode, hello.audio.framing, hello.features) == (
        "transcription",
        "raw",
        ["partials"],
    )
