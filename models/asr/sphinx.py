"""pocketsphinx behind the recogniser Protocol: it understands people with nothing to download.

Rough, but honest: lower-case words, English only. Each open utterance has a decoder process of its
own, which hears audio as it comes, so a partial costs no more late than early. A final is decoded
afresh, because a whole utterance gives pocketsphinx a better idea of the voice than a stream.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace

import numpy as np

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionError, RecognitionOptions, Superseded, Transcript, Word
from models.asr.agreement import Agreement
from models.asr.speech_window import SpeechWindow, audible_ms, frame_levels, quietest
from models.asr.sphinx_process import DecoderPool, DecoderProcess
from models.asr.transcripts import transcript
from models.errors import ModelError
from models.load import Load

UTTERANCE_MS_MAX = 300_000
PIECE_MS_MAX = 15_000
"""Longer finals are cut where they are quietest: the search does not get better with length."""

_AUDIBLE_MS_MIN = 100
_DIGITAL_DBFS = -66.0
"""No microphone in a room is quieter than this between words; only made-up audio is."""
_DITHER_SIGMA = 0.003 * 32768
"""Level of the noise that made-up audio needs, or its silences match nothing that was trained."""


class SphinxRecognizer:
    """pocketsphinx with the US English model of its wheel; make one with `load`."""

    def __init__(self, pool: DecoderPool, *, final_deadline_s: float) -> None:
        self.pool = pool
        self.final_deadline_s = final_deadline_s
        self.closed = False

    @classmethod
    async def load(
        cls, *, decoders_max: int = 2, final_deadline_s: float = 30.0
    ) -> "SphinxRecognizer":
        """Start the first decoder. Raises `ModelError`.

        `decoders_max` bounds the processes (140 MB each) and so the utterances that are open at
        once; `final_deadline_s` is how long the final of one more may take, waiting included.
        """
        pool = DecoderPool(decoders_max)
        await pool.warm_up()
        return cls(pool, final_deadline_s=final_deadline_s)

    @property
    def name(self) -> str:
        """`pocketsphinx:en-us`."""
        return "pocketsphinx:en-us"

    @property
    def languages(self) -> frozenset[str]:
        """English."""
        return frozenset({"en"})

    @property
    def translates(self) -> bool:
        """Never."""
        return False

    @property
    def workload(self) -> Load:
        """Each speaker has a process, so it is all or nothing: nobody is slowed by others."""
        return Load()

    def utterance(self, options: RecognitionOptions) -> "SphinxUtterance":
        """Begin an utterance. See `Recognizer.utterance`."""
        return SphinxUtterance(self, options)

    async def close(self) -> None:
        """End the processes."""
        self.closed = True
        await self.pool.close()


class SphinxUtterance:
    """One stretch of speech, with a decoder from its first partial or final until `close`."""

    def __init__(self, recognizer: SphinxRecognizer, options: RecognitionOptions) -> None:
        self._recognizer = recognizer
        self._language = options.language
        self._window = SpeechWindow()
        self._agreement = Agreement()
        self._decoder: DecoderProcess | None = None
        self._streamed = 0
        self._work: asyncio.Task[tuple[Word, ...]] | None = None
        self._closed = False

    def feed(self, samples: Samples) -> None:
        """Append 16 kHz audio. See `Utterance.feed`."""
        if not self._closed and self._window.end_ms <= UTTERANCE_MS_MAX:
            self._window.append(samples)

    async def partial(self) -> Transcript:
        """Transcribe so far. Raises `Superseded` while a decode runs or no decoder is free."""
        self._check()
        if self._busy or (self._decoder is None and self._recognizer.pool.exhausted):
            raise Superseded
        end_ms = self._window.end_ms
        words = await self._run(self._stream()) if self._audible else ()
        self._check()
        return transcript(*self._agreement.update(words, end_ms), language="en", end_ms=end_ms)

    async def final(self) -> Transcript:
        """Transcribe everything. See `Utterance.final`."""
        self._check()
        end_ms = self._window.end_ms
        try:
            async with asyncio.timeout(self._recognizer.final_deadline_s):
                if self._work is not None:
                    await asyncio.wait([self._work])
                words = await self._run(self._decode()) if self._audible else ()
        except TimeoutError as error:
            raise RecognitionError("The recogniser is too busy: try again in a moment.") from error
        self._check()
        return transcript(words, (), language="en", end_ms=end_ms)

    def close(self) -> None:
        """Drop the audio; the decoder goes back as soon as it is idle. See `Utterance.close`."""
        if self._closed:
            return
        self._closed = True
        self._window.clear()
        if self._work is None or self._work.done():
            self._give_back()
        elif self._decoder is None:
            self._work.cancel()
        else:
            self._work.add_done_callback(lambda _: self._give_back())

    @property
    def _busy(self) -> bool:
        return self._work is not None and not self._work.done()

    @property
    def _audible(self) -> bool:
        return audible_ms(self._window.samples()) >= _AUDIBLE_MS_MIN

    def _check(self) -> None:
        if self._closed or self._recognizer.closed:
            raise RecognitionError("The recogniser was closed, or this utterance was.")
        if self._window.end_ms > UTTERANCE_MS_MAX:
            raise RecognitionError("More than 5 minutes of speech without a pause.")
        if (self._language or "en").split("-")[0].lower() != "en":
            raise RecognitionError(
                f"pocketsphinx understands English only, not {self._language!r}:"
                " load a multilingual Whisper model."
            )

    async def _run(self, work: Coroutine[None, None, tuple[Word, ...]]) -> tuple[Word, ...]:
        """Work on, even if the caller is cancelled: the decoder must finish what it was sent."""
        self._work = asyncio.create_task(work)
        self._work.add_done_callback(_retrieve)
        try:
            return await asyncio.shield(self._work)
        except ModelError as error:
            raise RecognitionError(str(error)) from error

    async def _stream(self) -> tuple[Word, ...]:
        decoder = await self._own_decoder()
        samples = self._window.samples()
        news, begin = samples[self._streamed :], self._streamed == 0
        self._streamed = len(samples)
        return _cased(
            await decoder.hear("stream", dithered(news, is_digital(samples)), begin=begin)
        )

    async def _decode(self) -> tuple[Word, ...]:
        decoder = await self._own_decoder()
        self._streamed = 0
        words: list[Word] = []
        for start_ms, piece in pieces(self._window.samples()):
            for word in await decoder.hear("final", dithered(piece, is_digital(piece))):
                start, end = start_ms + word.start_ms, start_ms + word.end_ms
                words.append(replace(word, start_ms=start, end_ms=end))
        return _cased(words)

    async def _own_decoder(self) -> DecoderProcess:
        if self._decoder is not None and not self._decoder.alive:
            self._give_back()
        if self._decoder is None:
            self._decoder = await self._recognizer.pool.lend()
            self._streamed = 0
        return self._decoder

    def _give_back(self) -> None:
        if self._decoder is not None:
            self._recognizer.pool.take_back(self._decoder)
            self._decoder = None


def dithered(samples: Samples, digital: bool) -> Samples:
    """Add noise, the same every time, to audio that is too clean to come from a microphone."""
    if not digital:
        return samples
    noise = np.random.default_rng(len(samples)).normal(0, _DITHER_SIGMA, len(samples))
    return np.clip(samples + noise, -32768, 32767).astype(np.int16)


def is_digital(samples: Samples) -> bool:
    """Return True where the quietest tenth of the audio is quieter than any room."""
    levels = frame_levels(samples)
    return bool(levels.size) and float(np.quantile(levels, 0.1)) < _DIGITAL_DBFS


def pieces(samples: Samples) -> list[tuple[int, Samples]]:
    """Cut audio where it is quietest; return where each piece begins (ms), and the piece."""
    found = []
    start_ms, end_ms = 0, len(samples) * 1000 // SAMPLE_RATE
    while end_ms - start_ms > PIECE_MS_MAX:
        rest = samples[start_ms * SAMPLE_RATE // 1000 :]
        cut_ms, _ = quietest(rest, PIECE_MS_MAX // 2, PIECE_MS_MAX)
        found.append((start_ms, rest[: cut_ms * SAMPLE_RATE // 1000]))
        start_ms += cut_ms
    return [*found, (start_ms, samples[start_ms * SAMPLE_RATE // 1000 :])]


def _cased(words: Sequence[Word]) -> tuple[Word, ...]:
    """Write the first word, and the word I, with a capital."""
    return tuple(
        replace(word, text=word.text[:1].upper() + word.text[1:])
        if number == 0 or word.text.split("'")[0] == "i"
        else word
        for number, word in enumerate(words)
    )


def _retrieve(work: asyncio.Task[tuple[Word, ...]]) -> None:
    """Look at the outcome of work whose caller may have gone, so that asyncio does not warn."""
    if not work.cancelled():
        work.exception()
