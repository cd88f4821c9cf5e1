"""How many can talk at once before the last words of a turn come late.

Everybody speaks for three seconds, in pieces as a microphone sends them, with captions at the
interval that the load allows, and then waits for the final text, through the same scheduler and
worker processes as in the server.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.asr import RecognitionError, RecognitionOptions, Recognizer, Superseded, Utterance
from models.asr.whisper_loader import warm_up_audio
from models.asr.whisper_startup import WhisperChoice, places, start_whisper
from models.scheduler import Scheduler
from voice_server.bench.figures import spread
from voice_server.bench.gpu.scale import Scale

FINAL_MS_MAX = 300.0
"""At the 95th percentile: later than that, a conversation is felt to drag."""
_SPEECH_S, _PIECE_S, _CAPTION_S = 3.0, 0.1, 0.3
_PAUSE_S = (0.5, 1.5)


@dataclass(slots=True)
class _Tally:
    finals_ms: list[float] = field(default_factory=list)
    captions: int = 0
    failures: int = 0


@asynccontextmanager
async def ears(folder: Path, compute_type: str, scale: Scale) -> AsyncIterator[Recognizer]:
    """A recogniser as the server starts it, on the first GPU."""
    gpus = (0,) if scale.device == "cuda" else ()
    scheduler = Scheduler(places(scale.device, gpus, 1))
    choice = WhisperChoice(
        str(folder), "bench", device=scale.device, gpus=gpus, compute_type=compute_type
    )
    recognizer = await start_whisper(choice, scheduler)
    try:
        yield recognizer
    finally:
        await scheduler.close()
        await recognizer.close()


async def ladder(recognizer: Recognizer, scale: Scale) -> list[dict[str, Any]]:
    """More and more talkers, until finals are late; the last row may be those who were too many."""
    rows: list[dict[str, Any]] = []
    for talkers in scale.talkers:
        rows.append(await talk(recognizer, talkers, scale.talk_s))
        if not rows[-1]["in_time"]:
            break
    return rows


def held(rows: list[dict[str, Any]]) -> int:
    """The most talkers whose finals were in time."""
    return max((row["talkers"] for row in rows if row["in_time"]), default=0)


async def talk(recognizer: Recognizer, talkers: int, seconds: float) -> dict[str, Any]:
    """So many talk for so long; what they waited for finals, and how many captions they saw."""
    tally, dice = _Tally(), random.Random(talkers)
    until = asyncio.get_running_loop().time() + seconds
    async with asyncio.TaskGroup() as tasks:
        for _ in range(talkers):
            tasks.create_task(_talker(recognizer, tally, dice, until))
    figures = spread(tally.finals_ms)
    late = figures.p95 is None or figures.p95 > FINAL_MS_MAX or tally.failures > 0
    return {
        "talkers": talkers,
        "finals": len(tally.finals_ms),
        "final_median_ms": figures.median,
        "final_p95_ms": figures.p95,
        "captions_per_s": tally.captions / max(1, len(tally.finals_ms)) / _SPEECH_S,
        "failures": tally.failures,
        "in_time": not late,
    }


async def _talker(recognizer: Recognizer, tally: _Tally, dice: random.Random, until: float) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(dice.uniform(0, _SPEECH_S / 2))
    while True:
        await _turn(recognizer, tally)
        if loop.time() >= until:
            return
        await asyncio.sleep(dice.uniform(*_PAUSE_S))


async def _turn(recognizer: Recognizer, tally: _Tally) -> None:
    loop = asyncio.get_running_loop()
    utterance = recognizer.utterance(RecognitionOptions(language="en"))
    try:
        await _speak(recognizer, utterance, tally)
        asked = loop.time()
        await utterance.final()
        tally.finals_ms.append(1000 * (loop.time() - asked))
    except RecognitionError:
        tally.failures += 1
    finally:
        utterance.close()


async def _speak(recognizer: Recognizer, utterance: Utterance, tally: _Tally) -> None:
    """Feed three seconds at the pace of speech, with one caption in work at a time.

    None at the very end: the final text would be that caption, and cost nothing.
    """
    loop = asyncio.get_running_loop()
    pieces = np.array_split(np.tile(warm_up_audio(), int(_SPEECH_S)), int(_SPEECH_S / _PIECE_S))
    began = captioned = loop.time()
    caption: asyncio.Task[None] | None = None
    for number, piece in enumerate(pieces, 1):
        await asyncio.sleep(max(0.0, began + number * _PIECE_S - loop.time()))
        utterance.feed(piece)
        left_s = _SPEECH_S - number * _PIECE_S
        due = loop.time() - captioned >= _CAPTION_S * recognizer.workload.stretch
        if due and left_s > _CAPTION_S / 2 and (caption is None or caption.done()):
            captioned, caption = loop.time(), asyncio.create_task(_caption(utterance, tally))
    if caption is not None:
        await caption


async def _caption(utterance: Utterance, tally: _Tally) -> None:
    try:
        await utterance.partial()
        tally.captions += 1
    except Superseded:
        return
