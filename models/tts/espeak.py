"""Speech by espeak-ng: robotic, but in a hundred languages, with nothing to download.

The library has one global state, so one thread owns it for the whole process and speaks one
piece of text after another; a clause takes about 2 ms, which is fair enough between
conversations. Audio is held back until the word in it has ended, for only then its mark is
complete; that costs a fraction of a millisecond. The gain is the library's own and fixed.
"""

import asyncio
import functools
import itertools
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress

import numpy as np

from audio import Samples
from models.tts import SpeechChunk, SynthesisError, Voice, WordMark
from models.tts.espeak_library import RATE, EspeakLibrary, WordEvent
from models.tts.espeak_voices import EspeakVoices
from models.tts.speech_text import pieces
from models.tts.word_marks import WordTracker, shifted

PIECE_SECONDS_MAX = 400
"""Bounds what may wait for a slow listener (18 MB); symbols at half speed reach about 300 s."""
WORDS_PER_MINUTE = 175
SPEED_MIN, SPEED_MAX = 0.5, 2.0
DEFAULT_VOICE = "en-us"

_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")
"""The one thread that may touch the library; it starts at the first use."""


class EspeakSynthesizer:
    """The `Synthesizer` that is always there. Raises `ModelError` where espeak-ng is missing."""

    def __init__(self, default_voice: str = DEFAULT_VOICE) -> None:
        self._voices = _worker.submit(_installed_voices).result()
        self._listed = self._voices.listed(first=default_voice)

    @property
    def name(self) -> str:
        """`espeak-ng:` and the default voice."""
        return f"espeak-ng:{self._listed[0].id}"

    @property
    def rate(self) -> int:
        """Hertz."""
        return RATE

    @property
    def voices(self) -> Sequence[Voice]:
        """One voice per language; `speak` also takes a variant of each, as in `en-us+f3`."""
        return self._listed

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        """Synthesise one clause. See `Synthesizer.speak`."""
        file = self._voices.file_of(voice or self._listed[0].id)
        words_per_minute = _words_per_minute(speed)
        samples_made = 0
        for start_char, piece in pieces(text):
            start_sample = samples_made
            async with aclosing(_stream(piece, file, words_per_minute)) as chunks:
                async for chunk in chunks:
                    yield shifted(chunk, start_char, start_sample)
                    samples_made += chunk.samples.size

    async def close(self) -> None:
        """Nothing to release: the library belongs to the process."""


def speak_now(
    text: str, voice: str | None = None, speed: float = 1.0
) -> tuple[Samples, list[WordMark]]:
    """Speak the whole text and wait for it: for scripts and tests, not for an event loop.

    Returns samples at `RATE`, shape (n,), and the marks. Raises `SynthesisError`.
    """
    file = _worker.submit(_installed_voices).result().file_of(voice or DEFAULT_VOICE)
    words_per_minute = _words_per_minute(speed)
    chunks: list[SpeechChunk] = []
    for start_char, piece in pieces(text):
        made: list[SpeechChunk] = []
        rendering = _Rendering(piece, made.append)
        _worker.submit(rendering.run, file, words_per_minute).result()
        start_sample = sum(chunk.samples.size for chunk in chunks)
        chunks += [shifted(chunk, start_char, start_sample) for chunk in made]
    samples = np.concatenate([np.zeros(0, np.int16), *(chunk.samples for chunk in chunks)])
    return samples, [mark for chunk in chunks for mark in chunk.marks]


async def _stream(
    piece: str, file: str, words_per_minute: int
) -> AsyncGenerator[SpeechChunk, None]:
    """Yield the chunks of one piece as the library's thread makes them."""
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[SpeechChunk | None] = asyncio.Queue()  # PIECE_SECONDS_MAX bounds it

    def hand_over(chunk: SpeechChunk) -> None:
        with suppress(RuntimeError):  # the loop has been closed: nobody listens
            loop.call_soon_threadsafe(chunks.put_nowait, chunk)

    rendering = _Rendering(piece, hand_over)
    made = loop.run_in_executor(_worker, rendering.run, file, words_per_minute)
    made.add_done_callback(lambda _: chunks.put_nowait(None))
    try:
        while (chunk := await chunks.get()) is not None:
            yield chunk
        made.result()
    finally:
        rendering.stop()
        made.cancel()


class _Rendering:
    """One piece of text being spoken in the library's thread."""

    def __init__(self, text: str, deliver: Callable[[SpeechChunk], None]) -> None:
        self._text = text
        self._deliver = deliver
        self._tracker = WordTracker(text)
        self._held: list[Samples] = []
        self._samples_made = 0
        self._stopped = False

    def stop(self) -> None:
        """End the synthesis at its next buffer; called from any thread."""
        self._stopped = True

    def run(self, file: str, words_per_minute: int) -> None:
        """Speak to the end, or until stopped."""
        if not _library().synthesize(self._text, file, words_per_minute, self._hear):
            raise SynthesisError(f"espeak-ng lists the voice {file} but cannot load it.")
        if self._samples_made > PIECE_SECONDS_MAX * RATE:
            raise SynthesisError("This text takes too long to say; shorten it.")
        if any(samples.any() for samples in self._held):
            self._release(self._tracker.finish(self._samples_made))

    def _hear(self, samples: Samples, words: list[WordEvent]) -> bool:
        ended = (self._tracker.begin(word.char, word.length, word.sample) for word in words)
        if marks := list(itertools.chain.from_iterable(ended)):
            self._release(marks)
        self._held.append(samples)
        self._samples_made += samples.size
        return not self._stopped and self._samples_made <= PIECE_SECONDS_MAX * RATE

    def _release(self, marks: list[WordMark]) -> None:
        if self._held and not self._stopped:
            self._deliver(SpeechChunk(np.concatenate(self._held), tuple(marks)))
        self._held = []


@functools.cache
def _library() -> EspeakLibrary:
    """Return the library; to be called in the worker's thread."""
    return EspeakLibrary()


@functools.cache
def _installed_voices() -> EspeakVoices:
    """Return the voices; to be called in the worker's thread."""
    return EspeakVoices(_library().voices(), _library().variants())


def _words_per_minute(speed: float) -> int:
    if not SPEED_MIN <= speed <= SPEED_MAX:
        raise SynthesisError(f"speed must lie between {SPEED_MIN} and {SPEED_MAX}, not {speed}.")
    return round(WORDS_PER_MINUTE * speed)
