"""Worker processes that are killed, stopped and started again while people speak."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from models.asr import RecognitionOptions
from models.asr.decoding import Task
from models.asr.whisper import Patience, WhisperRecognizer
from models.asr.whisper_crew import WhisperProcesses, may_share
from models.asr.whisper_worker import WorkerOrder
from models.crew import WorkerDied
from models.errors import ModelError
from models.scheduler import Outcome, Priority, Scheduler
from tests.support.speech import say

pytestmark = pytest.mark.engine

ORDER = WorkerOrder(
    str(Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"), "short", 0
)
TEXT = "Take me to the station."
LONG_S = 60.0


@pytest.fixture
async def crew() -> AsyncIterator[WhisperProcesses]:
    crew = await WhisperProcesses.start([ORDER, ORDER])
    yield crew
    await crew.close()


def task(ms: int = 2000, **options: str) -> Task:
    return Task(np.zeros(16 * ms, np.int16), 0, RecognitionOptions(**options))  # type: ignore[arg-type]


async def final(recognizer: WhisperRecognizer) -> str:
    utterance = recognizer.utterance(RecognitionOptions())
    utterance.feed(say(TEXT))
    return (await utterance.final()).text


async def test_a_killed_worker_costs_one_retry_and_no_words(crew: WhisperProcesses) -> None:
    scheduler = Scheduler(2)
    recognizer = WhisperRecognizer(crew, scheduler, name="killed")
    before = list(crew.pids)
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    waiting = [asyncio.create_task(final(recognizer)) for _ in range(4)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert sum(scheduler.batches.values()) == 2
    os.kill(before[0], signal.SIGKILL)
    os.kill(before[1], signal.SIGCONT)
    assert await asyncio.gather(*waiting) == [TEXT] * 4
    assert scheduler.counts[Priority.FINAL, Outcome.RETRIED] == 1
    assert scheduler.counts[Priority.FINAL, Outcome.FAILED] == 0
    await scheduler.close()
    assert crew.pids[1] == before[1]
    assert crew.pids[0] != before[0]


async def test_a_worker_that_stands_still_is_replaced_in_time(crew: WhisperProcesses) -> None:
    scheduler = Scheduler(2)
    recognizer = WhisperRecognizer(
        crew, scheduler, name="stopped", patience=Patience(final_s=LONG_S)
    )
    for pid in crew.pids:
        os.kill(pid, signal.SIGSTOP)
    for place in range(2):
        with pytest.raises(WorkerDied, match="in time"):
            await crew.work(place, [task()], timeout_s=0.01)
        await crew.mend(place)
    assert await final(recognizer) == TEXT
    await scheduler.close()


async def test_what_does_not_start_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"{tmp_path} lacks model.bin"):
        await WhisperProcesses.start([ORDER, WorkerOrder(str(tmp_path), "short", 0)])


async def test_a_closed_crew_mends_nothing(crew: WhisperProcesses) -> None:
    before = list(crew.pids)
    await crew.close()
    await crew.mend(0)
    assert crew.pids == before


def test_what_may_share_a_call() -> None:
    assert may_share(task(), task(ms=1700))
    assert not may_share(task(), task(ms=1500))
    assert not may_share(task(), task(language="de"))
    assert not may_share(task(), task(prompt="Hello."))
    final = Task(task().samples, 0, RecognitionOptions(), beam_size=5)
    assert not may_share(task(), final)
