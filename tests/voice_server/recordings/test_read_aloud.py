"""Texts are read clause by clause, without their markup."""

from contextlib import aclosing

import numpy as np
import pytest

from models.scripted import ScriptedSynthesizer, VoiceScript
from models.tts import SynthesisError
from voice_server.bench.virtual_time import run_virtual
from voice_server.recordings.read_aloud import read_aloud, speakable

pytestmark = pytest.mark.story

SCRIPT = VoiceScript(ms_per_char=50)


def read(text: str, voice: ScriptedSynthesizer, speed: float = 1.0) -> int:
    """How many samples at 24 kHz it takes."""

    async def reading() -> int:
        spoken = read_aloud(speakable(text), voice, voice=None, speed=speed, rate=24_000)
        async with aclosing(spoken) as pieces:
            found = [piece async for piece in pieces]
        assert all(piece.dtype == np.int16 and len(piece) for piece in found)
        return sum(len(piece) for piece in found)

    return run_virtual(reading())


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Hello there. **How** are you?", ["Hello there.", "How are you?"]),
        ("See [the page](https://example.org).", ["See the page."]),
        ("😀 — …", []),
        ("", []),
    ],
)
def test_only_what_can_be_said_is_said(text: str, clauses: list[str]) -> None:
    assert speakable(text) == clauses


def test_nothing_of_a_long_text_is_lost() -> None:
    words = [f"word{number}" for number in range(700)]
    assert " ".join(speakable(" ".join(words))).split() == words


def test_audio_is_as_long_as_its_clauses() -> None:
    text = "Hello there. How are you?"
    chars = sum(len(clause) for clause in speakable(text))
    samples = read(text, ScriptedSynthesizer(SCRIPT))
    assert samples == pytest.approx(chars * 50 * 24, rel=0.01)
    assert read(text, ScriptedSynthesizer(SCRIPT), speed=2.0) == pytest.approx(
        samples / 2, rel=0.01
    )


def test_a_voice_that_fails_is_heard_of() -> None:
    with pytest.raises(SynthesisError):
        read("Hello there.", ScriptedSynthesizer(VoiceScript(fail=True)))
