"""A voice that remembers what it has said: greetings and stock phrases cost nothing twice.

Wraps any synthesizer. A clause that was spoken to its end is kept, with its word marks; when it is
asked for again, in the same voice and speed, its audio is there at once. The oldest leave first.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from models.tts import SpeechChunk, Synthesizer, Voice

PHRASE_CHARS_MAX = 120
"""Longer clauses are not said twice."""

Key = tuple[str, str | None, float]


class PhraseMemory:
    """A `Synthesizer` in front of another."""

    def __init__(self, synthesizer: Synthesizer, bytes_max: int) -> None:
        """`bytes_max` is for the audio of all phrases together; 0 remembers nothing."""
        self._synthesizer = synthesizer
        self._bytes_max = bytes_max
        self._bytes = 0
        self._phrases: OrderedDict[Key, tuple[SpeechChunk, ...]] = OrderedDict()

    @property
    def name(self) -> str:
        """As the voice's."""
        return self._synthesizer.name

    @property
    def rate(self) -> int:
        """As the voice's."""
        return self._synthesizer.rate

    @property
    def voices(self) -> Sequence[Voice]:
        """As the voice's."""
        return self._synthesizer.voices

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        """As the voice's, or from memory."""
        key = (text, voice, speed)
        if (known := self._phrases.get(key)) is not None:
            self._phrases.move_to_end(key)
            for chunk in known:
                yield chunk
            return
        said: list[SpeechChunk] = []
        async with aclosing(
            self._synthesizer.speak(text, voice=voice, speed=speed, urgent=urgent)
        ) as chunks:
            async for chunk in chunks:
                if len(text) <= PHRASE_CHARS_MAX:
                    said.append(chunk)
                yield chunk
        self._keep(key, said)

    async def close(self) -> None:
        """Release the voice."""
        await self._synthesizer.close()

    def _keep(self, key: Key, said: Sequence[SpeechChunk]) -> None:
        size = _bytes(said)
        if not said or size > self._bytes_max or key in self._phrases:
            return
        self._phrases[key] = tuple(said)
        self._bytes += size
        while self._bytes > self._bytes_max:
            _, oldest = self._phrases.popitem(last=False)
            self._bytes -= _bytes(oldest)


def _bytes(chunks: Sequence[SpeechChunk]) -> int:
    return sum(chunk.samples.nbytes for chunk in chunks)
