"""Recognition by an OpenAI-compatible server: `POST /audio/transcriptions`.

Such servers know files, not streams. A partial is a file of what was said so far, all of it
volatile; beyond some seconds that would be too much work for both sides, and only the final is
asked for. The server detects the language unless it is told.
"""

import asyncio
import io
import wave
from collections.abc import Mapping

import aiohttp
import numpy as np

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionError, RecognitionOptions, Superseded, Transcript
from models.asr.whisper import Patience
from models.load import Load
from models.speech_endpoint import EndpointError, SpeechEndpoint

PARTIAL_S_MAX = 12
"""Utterances longer than this are not sent again and again."""


class RemoteRecognizer:
    """A `Recognizer` somewhere else."""

    languages: frozenset[str] = frozenset()
    translates = False
    workload = Load()

    def __init__(self, endpoint: SpeechEndpoint, model: str, patience: Patience) -> None:
        self._endpoint = endpoint
        self._model = model
        self._patience = patience

    @property
    def name(self) -> str:
        """`remote:` and the host."""
        return f"remote:{self._endpoint.host}"

    def utterance(self, options: RecognitionOptions) -> "RemoteUtterance":
        """Begin an utterance; nothing is sent yet."""
        return RemoteUtterance(self._endpoint, self._model, self._patience, options)

    async def close(self) -> None:
        """Hang up."""
        await self._endpoint.close()


class RemoteUtterance:
    """Audio that is sent as a file when somebody asks."""

    def __init__(
        self,
        endpoint: SpeechEndpoint,
        model: str,
        patience: Patience,
        options: RecognitionOptions,
    ) -> None:
        self._endpoint = endpoint
        self._model = model
        self._patience = patience
        self._options = options
        self._pieces: list[Samples] = []
        self._closed = False

    def feed(self, samples: Samples) -> None:
        """See `Utterance.feed`."""
        self._pieces.append(np.array(samples, np.int16))

    async def partial(self) -> Transcript:
        """All volatile; `Superseded` for an utterance that has become long, or if it is late."""
        samples = self._samples()
        if samples.size > PARTIAL_S_MAX * SAMPLE_RATE:
            raise Superseded
        try:
            async with asyncio.timeout(self._patience.partial_s):
                text = await self._asked(samples)
        except TimeoutError:
            raise Superseded from None
        return self._transcript(samples, volatile=text)

    async def final(self) -> Transcript:
        """See `Utterance.final`."""
        samples = self._samples()
        try:
            async with asyncio.timeout(self._patience.final_s):
                text = await self._asked(samples)
        except TimeoutError:
            raise RecognitionError("The speech server is too slow.") from None
        return self._transcript(samples, committed=text)

    def close(self) -> None:
        """See `Utterance.close`."""
        self._closed = True
        self._pieces.clear()

    def _samples(self) -> Samples:
        if self._closed:
            raise RecognitionError("The utterance is closed.")
        self._pieces = [np.concatenate([np.zeros(0, np.int16), *self._pieces])]
        return self._pieces[0]

    def _transcript(self, samples: Samples, committed: str = "", volatile: str = "") -> Transcript:
        return Transcript(
            committed,
            volatile,
            language=self._options.language or self._options.usual_language or "en",
            duration_ms=samples.size * 1000 // SAMPLE_RATE,
        )

    async def _asked(self, samples: Samples) -> str:
        """The server's words. Raises `RecognitionError`."""
        if not samples.size:
            return ""
        form = aiohttp.FormData({"model": self._model, "response_format": "json"})
        for name, value in self._hints().items():
            form.add_field(name, value)
        form.add_field("file", _wav(samples), filename="speech.wav", content_type="audio/wav")
        try:
            async with self._endpoint.asked("POST", "audio/transcriptions", data=form) as answer:
                found = await answer.json(content_type=None)
        except (EndpointError, ValueError) as error:
            raise RecognitionError(str(error)) from error
        text = found.get("text") if isinstance(found, dict) else None
        if not isinstance(text, str):
            raise RecognitionError("The speech server answers without a text.")
        return text.strip()

    def _hints(self) -> Mapping[str, str]:
        prompt = " ".join([self._options.prompt, *self._options.hot_words]).strip()
        hints = {"language": self._options.language or "", "prompt": prompt}
        return {name: value for name, value in hints.items() if value}


def _wav(samples: Samples) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()
