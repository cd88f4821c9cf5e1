"""The voice Protocol: one clause of text in, audio out as it is made."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from audio import Samples


@dataclass(frozen=True, slots=True)
class WordMark:
    """Which samples speak which characters of the clause."""

    start_char: int
    """Index into the text given to `speak`."""
    end_char: int
    start_sample: int
    """Since the beginning of this clause's audio, at the engine's rate."""
    end_sample: int
    exact: bool = True
    """False where the engine cannot tell and the position is proportional."""


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """A stretch of synthesised audio, and the words that begin in it or before it."""

    samples: Samples = field(repr=False)
    """At the engine's `rate`; fixed gain, so that clauses join at equal loudness."""
    marks: tuple[WordMark, ...] = ()
    """Sorted; a mark arrives no later than the first of its samples."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that can be asked for by id."""

    id: str
    language: str
    """BCP 47."""
    description: str = ""


class SynthesisError(Exception):
    """The engine could not speak; the message is a sentence fit to show a user."""


class Synthesizer(Protocol):
    """A loaded voice engine, shared by every conversation."""

    @property
    def name(self) -> str:
        """What the ready line and the page show, e.g. `piper:en_US-lessac-medium`."""
        ...

    @property
    def rate(self) -> int:
        """Hertz of the audio that `speak` yields."""
        ...

    @property
    def voices(self) -> Sequence[Voice]:
        """The voices that `speak` accepts; the first is the default."""
        ...

    def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        """Synthesise one clause. Open it with `contextlib.aclosing`; closing it stops the engine.

        `voice` is an id from `voices` (None: the default), `speed` 0.5 to 2.0. `urgent`: whoever
        listens hears nothing until this is there. Text without anything speakable yields nothing.
        Raises `SynthesisError`.
        """
        ...

    async def close(self) -> None:
        """Release the engine."""
        ...
