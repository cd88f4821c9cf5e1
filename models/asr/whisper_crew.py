"""Who decodes for a Whisper recogniser: threads of this process, or a process for each place.

Threads share one copy of the model and suit one worker; processes keep feature computation and the
engines' crashes away from the conversations, and a GPU belongs to one of them each. Both take the
same tasks and give the same results, so a crew on other machines can stand here, too.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

import msgspec

from models.asr.decoding import Decoding, Task
from models.asr.whisper_decoder import WhisperDecoder
from models.asr.whisper_window import WindowPolicy
from models.asr.whisper_wire import Hello, decode_hello, decode_outcomes, encode_tasks
from models.asr.whisper_worker import WorkerOrder
from models.crew import Crew, ThreadCrew, WorkerDied
from models.errors import ModelError
from models.worker_process import WorkerProcess

logger = logging.getLogger(__name__)

_MODULE = "models.asr.whisper_worker"
_PAUSE_S_MIN, _PAUSE_S_MAX = 0.1, 5.0
_LENGTH_RATIO_MIN = 0.8
"""Shorter windows are padded to the longest of a batch: too much of that costs what it saves."""


class WhisperCrew(Crew[Task, Decoding], Protocol):
    """A crew that knows its model."""

    @property
    def policy(self) -> WindowPolicy:
        """Which windows the model was trained for."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """BCP 47 primary tags that the model knows."""
        ...


def may_share(first: Task, other: Task) -> bool:
    """Whether two tasks can be decoded together, and gain from it."""
    short, long = sorted((first.audio_ms, other.audio_ms))
    one, two = first.options, other.options
    return (
        first.beam_size == other.beam_size
        and short >= _LENGTH_RATIO_MIN * long
        and (one.language, one.translate) == (two.language, two.translate)
        and (one.prompt, tuple(one.hot_words)) == (two.prompt, tuple(two.hot_words))
    )


class WhisperThreads(ThreadCrew[Task, Decoding]):
    """Threads around one decoder."""

    def __init__(self, decoder: WhisperDecoder, workers: int, *, batch_max: int = 8) -> None:
        super().__init__(decoder.decode_all, workers, batch_max=batch_max, fits=may_share)
        self.policy = decoder.policy
        self.languages = decoder.languages


class WhisperProcesses:
    """A process for each place; make one with `start`."""

    def __init__(
        self,
        orders: Sequence[WorkerOrder],
        workers: Sequence[WorkerProcess],
        hello: Hello,
        batch: int,
    ) -> None:
        self.policy = WindowPolicy(orders[0].window, orders[0].margin_ms)
        self.languages = hello.languages
        self.batch_max = batch
        self.pids = [worker.pid for worker in workers]
        """The number of each place's process."""
        self._orders = orders
        self._workers = list(workers)
        self._closed = asyncio.Event()

    @classmethod
    async def start(
        cls, orders: Sequence[WorkerOrder], *, batch_max: int = 8
    ) -> "WhisperProcesses":
        """Start a process for each order and wait until all have loaded. Raises `ModelError`."""
        started = await asyncio.gather(*map(_start, orders), return_exceptions=True)
        workers = [one[0] for one in started if not isinstance(one, BaseException)]
        for outcome in started:
            if isinstance(outcome, BaseException):
                for worker in workers:
                    await worker.close()
                raise outcome
            hello = outcome[1]
        return cls(orders, workers, hello, batch_max)

    def fits(self, first: Task, other: Task) -> bool:
        """See `may_share`."""
        return may_share(first, other)

    async def work(
        self, place: int, tasks: Sequence[Task], *, timeout_s: float
    ) -> Sequence[Decoding | Exception]:
        """Decode in the process of that place. See `Crew.work`."""
        worker = self._workers[place]
        answer = await worker.call(encode_tasks(tasks), timeout_s)
        try:
            return decode_outcomes(answer)
        except msgspec.DecodeError as error:
            await worker.close()
            raise WorkerDied("the process of the model answered nonsense.") from error

    async def mend(self, place: int) -> None:
        """Start the process anew, waiting longer after each failure."""
        pause_s = _PAUSE_S_MIN
        while not self._closed.is_set():
            try:
                worker, _ = await _start(self._orders[place])
            except ModelError as error:
                logger.warning("a recogniser process does not start again: %s", error)
                await asyncio.sleep(pause_s)
                pause_s = min(_PAUSE_S_MAX, 2 * pause_s)
            else:
                self._workers[place] = worker
                self.pids[place] = worker.pid
                if self._closed.is_set():
                    await worker.close()
                return

    async def close(self) -> None:
        """End every process."""
        self._closed.set()
        for worker in self._workers:
            await worker.close()


async def _start(order: WorkerOrder) -> tuple[WorkerProcess, Hello]:
    """Start a worker. Raises `ModelError` with the worker's own words."""
    try:
        worker, message = await WorkerProcess.start(_MODULE, [msgspec.json.encode(order).decode()])
    except WorkerDied as error:
        raise ModelError(f"The recogniser cannot be started: {error}") from error
    hello = decode_hello(message)
    if hello.error:
        await worker.close()
        raise ModelError(hello.error)
    return worker, hello
