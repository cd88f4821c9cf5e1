"""A recogniser that knows the truth: it reveals a clip's words as they are spoken.

It stands for a good recogniser of a stated latency, so that a bench of turn-taking measures
turn-taking. It writes as Whisper does: wherever the words could stand alone (a comma or a full
stop is due) it puts a full stop, because it cannot know that more will come. The reply's own words
come back through the room as they are played; where the user speaks, they are drowned.
"""

import asyncio
from collections.abc import Sequence

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionError, RecognitionOptions, Transcript, Word
from models.load import Load
from voice_server.bench.clips import TrueWord

_CLOSING = ",;:."


class Hearing:
    """The words in one simulated microphone, and how far it has been listened to."""

    def __init__(self, words: Sequence[TrueWord]) -> None:
        self.now_ms = 0
        """Milliseconds of microphone audio that were delivered."""
        self._words = tuple(words)
        self._echo: list[TrueWord] = []

    def echo(self, word: TrueWord) -> None:
        """The loudspeaker's words come back, too."""
        self._echo.append(word)

    def between(self, start_ms: float, end_ms: float) -> list[TrueWord]:
        """The words that lie in this stretch, by their middle, and have ended."""
        audible = [word for word in self._echo if not self._drowned(word)]
        words = sorted((*self._words, *audible), key=lambda word: word.start_ms)
        return [
            word
            for word in words
            if word.end_ms <= end_ms and (word.start_ms + word.end_ms) / 2 >= start_ms
        ]

    def _drowned(self, echo: TrueWord) -> bool:
        return any(
            word.start_ms < echo.end_ms and echo.start_ms < word.end_ms for word in self._words
        )


class RevealedUtterance:
    """See `models.asr.Utterance`."""

    def __init__(self, hearing: Hearing, latency_ms: float) -> None:
        self._hearing = hearing
        self._latency_ms = latency_ms
        self._start_ms: float | None = None
        self._samples = 0
        self._closed = False

    def feed(self, samples: Samples) -> None:
        """See `Utterance.feed`. What comes first is the pre-roll, and ends now."""
        if self._start_ms is None:
            self._start_ms = self._hearing.now_ms - samples.size * 1000 / SAMPLE_RATE
        self._samples += samples.size

    async def partial(self) -> Transcript:
        """The words so far, the last one volatile."""
        words = self._words()
        await self._think()
        return self._transcript(words, committed=max(0, len(words) - 1))

    async def final(self) -> Transcript:
        """The words so far."""
        words = self._words()
        await self._think()
        return self._transcript(words, committed=len(words))

    def close(self) -> None:
        """See `Utterance.close`."""
        self._closed = True

    async def _think(self) -> None:
        await asyncio.sleep(self._latency_ms / 1000)
        if self._closed:
            raise RecognitionError("The utterance was closed.")

    @property
    def _fed_ms(self) -> float:
        return self._samples * 1000 / SAMPLE_RATE

    def _words(self) -> list[Word]:
        start_ms = self._start_ms or 0
        heard = self._hearing.between(start_ms, start_ms + self._fed_ms)
        return [
            Word(
                as_written(word.text, last=word is heard[-1]),
                max(0, round(word.start_ms - start_ms)),
                max(0, round(word.end_ms - start_ms)),
                1.0,
            )
            for word in heard
        ]

    def _transcript(self, words: list[Word], committed: int) -> Transcript:
        texts = [word.text for word in words]
        return Transcript(
            committed=" ".join(texts[:committed]),
            volatile=" ".join(texts[committed:]),
            words=tuple(words),
            duration_ms=round(self._fed_ms),
        )


def as_written(text: str, *, last: bool) -> str:
    """A word as a recogniser writes it: at the end, a comma that is due becomes a full stop."""
    if last and text[-1] in _CLOSING:
        return text.rstrip(_CLOSING) + "."
    return text


class RevealingRecognizer:
    """A `Recognizer` for one clip. `latency_ms` is what each decode takes."""

    name = "revealed"
    languages: frozenset[str] = frozenset()
    translates = False
    workload = Load()

    def __init__(self, hearing: Hearing, latency_ms: float = 60) -> None:
        self._hearing = hearing
        self._latency_ms = latency_ms

    def utterance(self, options: RecognitionOptions) -> RevealedUtterance:
        """Begin an utterance."""
        return RevealedUtterance(self._hearing, self._latency_ms)

    async def close(self) -> None:
        """Nothing to release."""
