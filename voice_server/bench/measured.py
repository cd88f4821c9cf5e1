"""A real recogniser in simulated time: each decode takes as long as it really took.

Simulated clocks stand still while threads work. So the work is timed on the real clock, and then
waited for on the simulated one.
"""

import asyncio
import time
from collections.abc import Awaitable

from audio import Samples
from models.asr import RecognitionOptions, Recognizer, Transcript, Utterance
from models.load import Load


class MeasuredUtterance:
    """See `models.asr.Utterance`."""

    def __init__(self, utterance: Utterance) -> None:
        self._utterance = utterance

    def feed(self, samples: Samples) -> None:
        """See `Utterance.feed`."""
        self._utterance.feed(samples)

    async def partial(self) -> Transcript:
        """See `Utterance.partial`."""
        return await _timed(self._utterance.partial())

    async def final(self) -> Transcript:
        """See `Utterance.final`."""
        return await _timed(self._utterance.final())

    def close(self) -> None:
        """See `Utterance.close`."""
        self._utterance.close()


class MeasuredRecognizer:
    """A `Recognizer` around another one."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    @property
    def name(self) -> str:
        """As the other one's."""
        return self._recognizer.name

    @property
    def languages(self) -> frozenset[str]:
        """As the other one's."""
        return self._recognizer.languages

    @property
    def translates(self) -> bool:
        """As the other one's."""
        return self._recognizer.translates

    @property
    def workload(self) -> Load:
        """As the other one's."""
        return self._recognizer.workload

    def utterance(self, options: RecognitionOptions) -> MeasuredUtterance:
        """Begin an utterance."""
        return MeasuredUtterance(self._recognizer.utterance(options))

    async def close(self) -> None:
        """The other one is released by its owner."""


async def _timed(work: Awaitable[Transcript]) -> Transcript:
    began_s = time.perf_counter()
    transcript = await work
    await asyncio.sleep(time.perf_counter() - began_s)
    return transcript
