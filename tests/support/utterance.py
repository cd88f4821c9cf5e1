"""What a `Synthesizer` made of a text, collected whole, and what must hold of its marks."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from audio import Samples
from models.tts import SpeechChunk, Synthesizer, WordMark


@dataclass(frozen=True)
class Utterance:
    """One text, spoken to the end."""

    text: str
    chunks: Sequence[SpeechChunk]

    @property
    def samples(self) -> Samples:
        """All of the audio."""
        return np.concatenate([np.zeros(0, np.int16), *(chunk.samples for chunk in self.chunks)])

    @property
    def marks(self) -> list[WordMark]:
        """All marks in the order in which they came."""
        return [mark for chunk in self.chunks for mark in chunk.marks]

    @property
    def words(self) -> list[str]:
        """The text of each mark."""
        return [self.text[mark.start_char : mark.end_char] for mark in self.marks]

    def check_marks(self) -> None:
        """Marks follow each other in text and in time, in time, and lie within both."""
        chars = [edge for mark in self.marks for edge in (mark.start_char, mark.end_char)]
        times = [edge for mark in self.marks for edge in (mark.start_sample, mark.end_sample)]
        assert chars == sorted(chars)
        assert times == sorted(times)
        assert all(0 <= char <= len(self.text) for char in chars)
        assert all(0 <= time <= self.samples.size for time in times)
        self._check_marks_come_in_time()

    def _check_marks_come_in_time(self) -> None:
        samples_before = 0
        for chunk in self.chunks:
            assert all(mark.start_sample >= samples_before for mark in chunk.marks)
            samples_before += chunk.samples.size


async def utter(
    synthesizer: Synthesizer, text: str, voice: str | None = None, speed: float = 1.0
) -> Utterance:
    """Speak to the end, and check the marks."""
    async with aclosing(synthesizer.speak(text, voice=voice, speed=speed)) as chunks:
        utterance = Utterance(text, [chunk async for chunk in chunks])
    utterance.check_marks()
    return utterance


def rms(samples: Samples) -> float:
    """Loudness: root mean square."""
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
