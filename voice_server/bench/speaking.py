"""The bench's language model and voice: stated latencies, real speech, and a record of both.

The voice is espeak-ng, so that what comes back from the loudspeaker is speech. It remembers when it
spoke which word, whatever it told the server: that is what "heard" is measured against.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from audio import Samples
from models.llm import ChatOptions, Completed, Message, TextDelta
from models.tts import SpeechChunk, Voice, WordMark
from models.tts.espeak import speak_now
from models.tts.espeak_library import RATE

REPLY = (
    "Owls are quiet hunters of the night. Their feathers are soft at the edge, and so the air "
    "makes hardly any sound around them. An owl cannot move its eyes, but it turns its head much "
    "further than we can. Most of them live alone, and they keep the same place for many years. "
    "Some small owls nest under the ground, in holes that other animals have left behind."
)
"""About twenty seconds of speech, without a word that is also a command."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """What the engines take, in milliseconds."""

    asr_ms: float = 60
    llm_ms: float = 120
    """Until the first token."""
    token_ms: float = 10
    tts_ms: float = 60
    """Until the first audio of a clause."""


@dataclass(slots=True)
class BenchChat:
    """A `ChatModel` that always tells the same."""

    latencies: Latencies
    text: str = field(default=REPLY, repr=False)
    calls: int = 0
    tokens: int = 0
    """Made in all calls."""
    name: str = "bench"

    async def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[TextDelta | Completed, None]:
        """See `ChatModel.reply`."""
        self.calls += 1
        await asyncio.sleep(self.latencies.llm_ms / 1000)
        for index, word in enumerate(self.text.split()):
            if index:
                await asyncio.sleep(self.latencies.token_ms / 1000)
            self.tokens += 1
            yield TextDelta(f" {word}" if index else word)
        yield Completed("stop")

    async def close(self) -> None:
        """Nothing to release."""


@dataclass(frozen=True, slots=True)
class SaidWord:
    """A word of the reply, and when its sound ends, in seconds of the stream."""

    text: str = field(repr=False)
    start_s: float
    end_s: float


@dataclass(slots=True)
class BenchVoice:
    """A `Synthesizer` that speaks by espeak-ng. Without `aligned`, it does not tell when."""

    latencies: Latencies
    aligned: bool = True
    said: list[SaidWord] = field(default_factory=list)
    """In order, as if all clauses belonged to one stream."""
    name: str = "bench"
    rate: int = RATE
    voices: Sequence[Voice] = (Voice("en-us", "en"),)
    _samples: int = 0

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        """See `Synthesizer.speak`."""
        await asyncio.sleep(self.latencies.tts_ms / 1000)
        samples, marks = _spoken(text)
        for mark in marks:
            start, end = (
                (self._samples + at) / RATE for at in (mark.start_sample, mark.end_sample)
            )
            self.said.append(SaidWord(text[mark.start_char : mark.end_char], start, end))
        self._samples += len(samples)
        yield SpeechChunk(samples, marks if self.aligned else _guessed(marks, text, len(samples)))

    async def close(self) -> None:
        """Nothing to release."""


def _guessed(marks: Sequence[WordMark], text: str, samples: int) -> tuple[WordMark, ...]:
    """Marks as a voice gives them that cannot tell: by the share of characters."""
    return tuple(
        WordMark(
            mark.start_char,
            mark.end_char,
            samples * mark.start_char // len(text),
            samples * mark.end_char // len(text),
            exact=False,
        )
        for mark in marks
    )


@lru_cache(maxsize=64)
def _spoken(text: str) -> tuple[Samples, tuple[WordMark, ...]]:
    samples, marks = speak_now(text, "en-us")
    return samples, tuple(marks)
