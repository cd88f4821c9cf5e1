"""What every crew that decodes has to do, whatever it is made of. A new one joins `CREWS`.

The scheduler relies on this, and on nothing else: results in order and stamped, errors for the task
that they belong to, places that work side by side, and an end.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from models.asr import RecognitionError, RecognitionOptions
from models.asr.decoding import Decoding, Stamp, Task
from models.asr.whisper import WhisperRecognizer
from models.asr.whisper_crew import WhisperCrew, WhisperProcesses, WhisperThreads
from models.asr.whisper_worker import WorkerOrder, load
from models.scheduler import Scheduler
from tests.support.speech import say

pytestmark = pytest.mark.engine

ORDER = WorkerOrder(
    str(Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"), "short", 0
)
TEXTS = [
    "The window is open.",
    "Take me to the station.",
    "What should I cook today?",
    "Where is the nearest library?",
    "Do I have any new messages?",
]
PLACES = 2
LONG_S = 60.0


async def threads() -> WhisperCrew:
    return WhisperThreads(await asyncio.to_thread(load, ORDER, PLACES), PLACES)


async def processes() -> WhisperCrew:
    return await WhisperProcesses.start([ORDER] * PLACES)


CREWS: list[Callable[[], Awaitable[WhisperCrew]]] = [threads, processes]


@pytest.fixture(params=CREWS, ids=lambda make: make.__name__)
async def crew(request: pytest.FixtureRequest) -> AsyncIterator[WhisperCrew]:
    crew: WhisperCrew = await request.param()
    yield crew
    await crew.close()


def task(text: str, utterance: int = 0, language: str | None = None) -> Task:
    stamp = Stamp("session", utterance, 1)
    return Task(say(text), 0, RecognitionOptions(language=language), stamp=stamp)


def understood(result: Decoding | Exception) -> str:
    assert isinstance(result, Decoding)
    return " ".join(word.text for word in result.words)


async def work(crew: WhisperCrew, tasks: Sequence[Task], place: int = 0) -> list[str]:
    results = await crew.work(place, tasks, timeout_s=LONG_S)
    stamps = [result.stamp for result in results if isinstance(result, Decoding)]
    assert stamps == [one.stamp for one in tasks]
    return [understood(result) for result in results]


async def test_it_knows_its_model(crew: WhisperCrew) -> None:
    assert crew.languages == {"en"}
    assert crew.policy.kind == "short"
    assert crew.batch_max >= 1


async def test_one_task_has_one_result(crew: WhisperCrew) -> None:
    assert await work(crew, [task(TEXTS[0], 11)]) == TEXTS[:1]


async def test_results_come_in_order_with_their_stamps(crew: WhisperCrew) -> None:
    tasks = [task(text, number) for number, text in enumerate(TEXTS, 21)]
    assert await work(crew, tasks) == TEXTS
    assert await work(crew, tasks[::-1], place=1) == TEXTS[::-1]


async def test_a_task_that_cannot_be_done_fails_alone(crew: WhisperCrew) -> None:
    tasks = [task(TEXTS[0], 31), task(TEXTS[1], 32, language="fr"), task(TEXTS[2], 33)]
    one, two, three = await crew.work(0, tasks, timeout_s=LONG_S)
    assert (understood(one), understood(three)) == (TEXTS[0], TEXTS[2])
    assert isinstance(two, RecognitionError)
    assert "English only" in str(two)


async def test_places_work_side_by_side(crew: WhisperCrew) -> None:
    calls = [work(crew, [task(text, 41 + place)], place) for place, text in enumerate(TEXTS[:2])]
    assert await asyncio.gather(*calls) == [[text] for text in TEXTS[:2]]


async def test_what_gains_from_it_is_done_together(crew: WhisperCrew) -> None:
    assert crew.fits(task(TEXTS[0]), task(TEXTS[0]))
    assert not crew.fits(task(TEXTS[0]), task(TEXTS[0], language="en"))


async def test_many_speakers_get_their_own_words(crew: WhisperCrew) -> None:
    """Isolation: through the scheduler, with batches as they come."""
    scheduler = Scheduler(PLACES)
    recognizer = WhisperRecognizer(crew, scheduler, name="contract")

    async def speak(number: int) -> str:
        utterance = recognizer.utterance(RecognitionOptions(session=f"session {number}"))
        utterance.feed(say(TEXTS[number % len(TEXTS)]))
        return (await utterance.final()).text

    heard = await asyncio.gather(*(speak(number) for number in range(40)))
    assert heard == [TEXTS[number % len(TEXTS)] for number in range(40)]
    assert max(scheduler.batches) > 1
    await scheduler.close()
