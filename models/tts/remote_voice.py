"""Speech by an OpenAI-compatible server: `POST /audio/speech`, streamed as raw PCM.

Such servers say nothing about words, so their places are guessed from the pace of speech, and set
right when the end of the audio shows how long it was. One piece of audio is always held back, for
the last words must be marked before their audio leaves.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

import numpy as np

from models.speech_endpoint import EndpointError, SpeechEndpoint
from models.tts import SpeechChunk, SynthesisError, Voice, WordMark

RATE = 24_000
"""OpenAI's `pcm` is 16-bit mono at this rate."""
CHARS_PER_S = 15.0
_PIECE_BYTES = RATE // 10 * 2
_DEFAULT_VOICE = Voice("alloy", "en", "the usual voice of OpenAI-compatible servers")
_WORD = re.compile(r"\S+")


class RemoteVoice:
    """A `Synthesizer` somewhere else."""

    def __init__(self, endpoint: SpeechEndpoint, model: str, voices: Sequence[Voice]) -> None:
        self._endpoint = endpoint
        self._model = model
        self._voices = voices

    @classmethod
    async def connect(cls, base_url: str, model: str, api_key: str = "") -> "RemoteVoice":
        """Ask the server for its voices; one that lists none is given OpenAI's `alloy`.

        Raises `ModelError` for an address that cannot be one.
        """
        endpoint = SpeechEndpoint(base_url, api_key)
        try:
            listed = _voices((await endpoint.json("audio/voices")).get("voices"))
        except EndpointError:
            listed = []
        return cls(endpoint, model, listed or [_DEFAULT_VOICE])

    @property
    def name(self) -> str:
        """`remote:` and the host."""
        return f"remote:{self._endpoint.host}"

    @property
    def rate(self) -> int:
        """24000."""
        return RATE

    @property
    def voices(self) -> Sequence[Voice]:
        """What the server listed when it was found."""
        return self._voices

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        """See `Synthesizer.speak`; closing it hangs up. Any voice is asked for, listed or not."""
        if not any(char.isalnum() for char in text):
            return
        asked = {
            "model": self._model,
            "input": text,
            "voice": voice or self._voices[0].id,
            "speed": speed,
            "response_format": "pcm",
        }
        try:
            async with self._endpoint.asked("POST", "audio/speech", json=asked) as answer:
                pieces = samples_of(answer.content.iter_chunked(_PIECE_BYTES))
                async with aclosing(_marked(pieces, text, speed)) as chunks:
                    async for chunk in chunks:
                        yield chunk
        except EndpointError as error:
            raise SynthesisError(str(error)) from error

    async def close(self) -> None:
        """Hang up."""
        await self._endpoint.close()


async def samples_of(pieces: AsyncIterator[bytes]) -> AsyncGenerator[SpeechChunk, None]:
    """Whole samples, however the bytes were cut."""
    odd = b""
    async for piece in pieces:
        data = odd + piece
        even = len(data) & ~1
        odd = data[even:]
        if even:
            yield SpeechChunk(np.frombuffer(data[:even], "<i2").astype(np.int16))


async def _marked(
    chunks: AsyncGenerator[SpeechChunk, None], text: str, speed: float
) -> AsyncGenerator[SpeechChunk, None]:
    """The same audio with marks: each piece is held until the next, the last has all the rest."""
    words = [match.span() for match in _WORD.finditer(text)]
    per_char = RATE / (CHARS_PER_S * speed)
    begun = made = 0
    held: SpeechChunk | None = None
    async with aclosing(chunks):
        async for chunk in chunks:
            if held is not None:
                end = made + held.samples.size
                spans = [span for span in words[begun:] if span[0] * per_char < end]
                yield SpeechChunk(held.samples, _spread(spans, made, end))
                begun, made = begun + len(spans), end
            held = chunk
    if held is not None:
        yield SpeechChunk(held.samples, _spread(words[begun:], made, made + held.samples.size))


def _spread(spans: Sequence[tuple[int, int]], start: int, end: int) -> tuple[WordMark, ...]:
    """Marks of words that share a stretch of audio, by their letters."""
    chars = sum(last - first for first, last in spans) or 1
    marks: list[WordMark] = []
    before = 0
    for first, last in spans:
        begins = start + (end - start) * before // chars
        before += last - first
        marks.append(
            WordMark(first, last, begins, start + (end - start) * before // chars, exact=False)
        )
    return tuple(marks)


def _voices(listed: object) -> list[Voice]:
    """Voices as objects with an `id`, as ours, or as names, as others list them."""
    found: list[Voice] = []
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, str):
            found.append(Voice(entry, "en"))
        elif isinstance(entry, dict) and isinstance(entry.get("id"), str):
            found.append(Voice(entry["id"], str(entry.get("language") or "en")))
    return found
