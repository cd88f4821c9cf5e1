"""Keeps what is said on disk, without anybody having to wait for the disk.

Lines wait in a bounded queue; one task carries them to the disk, in a thread, in order. Where the
disk does not take them, sessions hear about it once, and it is tried again until it does.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice, takewhile

from voice_server import events as ev
from voice_server.metrics import Metrics
from voice_server.settings import TranscriptSettings
from voice_server.tasks import watched
from voice_server.transcripts.folder import TranscriptFolder
from voice_server.transcripts.utterances import day, utterance

logger = logging.getLogger(__name__)

Emit = Callable[[ev.ServerEvent], None]

SWEEP_EVERY_S = 3600.0
TOGETHER_MAX = 100
"""Lines that go to the disk in one go."""
NOT_KEPT = ev.Noticed("transcript_not_kept", detail="what is said cannot be written down now")


@dataclass(frozen=True, slots=True)
class _Line:
    day: str
    session: str
    data: bytes = field(repr=False)
    emit: Emit

    def is_beside(self, other: "_Line") -> bool:
        """Whether both are for the same file."""
        return (self.day, self.session) == (other.day, other.session)


class TranscriptRecorder:
    """One per server; `recording` makes it work."""

    def __init__(
        self,
        folder: TranscriptFolder,
        settings: TranscriptSettings,
        metrics: Metrics,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now` tells Unix seconds."""
        self._folder = folder
        self._settings = settings
        self._metrics = metrics
        self._now = now
        self._waiting: deque[_Line] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._told: set[str] = set()
        """Sessions that know that the disk does not take their words."""

    def follow(self, session: str, user: str, emit: Emit) -> Emit:
        """Emit, and write down what was said."""

        def followed(event: ev.ServerEvent) -> None:
            said = utterance(event, session=session, user=user, now=self._now())
            if said is not None:
                self._put(_Line(day(self._now()), session, said.line(), emit))
            emit(event)

        return followed

    async def run(self) -> None:
        """Carry lines to the disk until `stop`, and then what still waits, if the disk takes it.

        Never cancelled: what the disk is writing at that moment would be written again.
        """
        swept_at = -SWEEP_EVERY_S
        while not self._over.is_set():
            if time.monotonic() - swept_at >= SWEEP_EVERY_S:
                swept_at = time.monotonic()
                await self._sweep()
            if not await self._carry():
                await _within(self._settings.retry_s, self._over)
            elif not self._waiting and not self._over.is_set():
                self._news.clear()
                await _within(SWEEP_EVERY_S, self._news)
        await self._end()

    def stop(self) -> None:
        """Come to an end."""
        self._over.set()
        self._news.set()

    async def _end(self) -> None:
        while self._waiting and await self._carry():
            pass
        if self._waiting:
            logger.error("transcripts lost", extra={"lines": len(self._waiting)})
            self._count("lost", len(self._waiting))

    def _put(self, line: _Line) -> None:
        if self._bytes + len(line.data) > self._settings.waiting_bytes_max:
            self._metrics.limit_hits.labels("transcripts_waiting_bytes").inc()
            self._count("lost", 1)
            return
        self._waiting.append(line)
        self._bytes += len(line.data)
        self._news.set()

    async def _carry(self) -> bool:
        """Write the first of what waits, as far as it is for one file; whether the disk took it."""
        if not self._waiting:
            return True
        first = self._waiting[0]
        lines = list(takewhile(first.is_beside, islice(self._waiting, TOGETHER_MAX)))
        data = b"".join(line.data for line in lines)
        try:
            await asyncio.to_thread(self._folder.append, first.day, first.session, data)
        except OSError as error:
            self._complain(error)
            return False
        for _ in lines:
            self._waiting.popleft()
        self._bytes -= len(data)
        self._count("kept", len(lines))
        self._told.discard(first.session)
        return True

    def _complain(self, error: OSError) -> None:
        self._count("failed", len(self._waiting))
        logger.error("transcripts cannot be written", extra={"reason": error.strerror})
        for line in self._waiting:
            if line.session not in self._told:
                self._told.add(line.session)
                line.emit(NOT_KEPT)

    async def _sweep(self) -> None:
        try:
            if gone := await asyncio.to_thread(self._folder.sweep, day(self._now())):
                logger.info("old transcripts deleted", extra={"days": gone})
        except OSError as error:
            logger.error("old transcripts stay", extra={"reason": error.strerror})

    def _count(self, outcome: str, lines: int) -> None:
        self._metrics.transcript_lines.labels(outcome).inc(lines)


async def _within(seconds: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


@asynccontextmanager
async def recording(recorder: TranscriptRecorder | None) -> AsyncIterator[None]:
    """Write down what is said for the length of the context, and at its end what still waits."""
    if recorder is None:
        yield
        return
    running = watched(recorder.run(), lambda: None)
    try:
        yield
    finally:
        recorder.stop()
        await asyncio.wait({running})


def recorder_of(settings: TranscriptSettings, metrics: Metrics) -> TranscriptRecorder | None:
    """None where nothing is to be kept. Raises `SettingsError` where nothing can be."""
    if settings.directory is None:
        return None
    folder = TranscriptFolder(settings.directory, settings)
    folder.prepare()
    return TranscriptRecorder(folder, settings, metrics)
