"""Speech that carries its own numbers, and a recogniser that reads them: nothing can hide.

Every ten milliseconds begin with a mark and their number. A final is the list of the numbers that
its utterance held, so the finals of a conversation show which samples were lost or taken twice.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable

import numpy as np

from audio import Samples
from models.asr import RecognitionError, RecognitionOptions, Transcript
from models.load import Load

FRAME_SAMPLES = 160
"""Ten milliseconds at 16 kHz."""
MARK = 12_321
BASE = 20_000
FINAL_S = 0.01


def numbered(first: int, count: int) -> Samples:
    """So many frames of 10 ms, numbered from `first` on; 16 kHz."""
    frames = np.full((count, FRAME_SAMPLES), 40, dtype=np.int16)
    numbers = np.arange(first, first + count)
    frames[:, 0] = MARK
    frames[:, 1] = numbers % BASE
    frames[:, 2] = numbers // BASE
    return frames.reshape(-1)


def read_numbers(samples: Samples) -> list[int]:
    """The numbers in audio that was cut at whole frames; silence has none."""
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    marked = frames[frames[:, 0] == MARK].astype(int)
    return [int(number) for number in marked[:, 1] + marked[:, 2] * BASE]


def as_text(numbers: Iterable[int]) -> str:
    """Runs of numbers: `0-99 120-130`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(f"{first}-{last}" for first, last in runs)


def as_numbers(text: str) -> list[int]:
    """The other way round."""
    runs = (run.split("-") for run in text.split())
    return [number for first, last in runs for number in range(int(first), int(last) + 1)]


class Conservation:
    """Which of the frames that were spoken are in the finals, and how often."""

    def __init__(self) -> None:
        self.heard: Counter[int] = Counter()

    def final(self, text: str) -> None:
        """Note one final."""
        self.heard.update(as_numbers(text))

    def lost(self, spoken: int) -> str:
        """Those of the first `spoken` frames that no final has."""
        return as_text(number for number in range(spoken) if not self.heard[number])

    def doubled(self) -> str:
        """Those that more than one final has."""
        return as_text(sorted(number for number, times in self.heard.items() if times > 1))


class NumberUtterance:
    """An utterance whose words are its frames."""

    def __init__(self) -> None:
        self._samples: list[Samples] = []
        self._closed = False

    def feed(self, samples: Samples) -> None:
        """See `Utterance.feed`."""
        self._samples.append(samples)

    async def partial(self) -> Transcript:
        """As many as there are so far."""
        return self._read()

    async def final(self) -> Transcript:
        """All of them."""
        await asyncio.sleep(FINAL_S)
        if self._closed:
            raise RecognitionError("The utterance was closed.")
        return self._read()

    def close(self) -> None:
        """See `Utterance.close`."""
        self._closed = True

    def _read(self) -> Transcript:
        numbers = read_numbers(np.concatenate(self._samples)) if self._samples else []
        return Transcript(as_text(numbers), duration_ms=10 * len(numbers))


class NumberReader:
    """A `Recognizer` that reads the numbers."""

    name = "numbers"
    languages: frozenset[str] = frozenset()
    translates = False
    workload = Load()

    def utterance(self, options: RecognitionOptions) -> NumberUtterance:
        """See `Recognizer.utterance`."""
        return NumberUtterance()

    async def close(self) -> None:
        """See `Recognizer.close`."""
