"""What a partial and a final cost, beside the same made as other servers make them.

The other is faster-whisper's `transcribe` on the same model: it pads every window to 30 s. Cost is
processor time of this process, one thread; the two take turns, round after round.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionOptions
from models.asr.decoding import Stamp, Task
from models.asr.whisper import WhisperRecognizer
from models.asr.whisper_crew import WhisperThreads
from models.asr.whisper_decoder import WhisperDecoder
from models.asr.whisper_window import FULL_FRAMES
from models.scheduler import Scheduler

SECONDS = (2, 4, 8)
"""Of speech."""
SPEAKERS = 8
SPEAKERS_S = 3
UTTERANCE_S = 12
PARTIAL_MS = 300
PADDED_EVERY = 8
"""Of the partials of an utterance, so many-th is made the other way, too: it takes long."""
GREEDY: dict[str, object] = {"temperature": 0.0, "beam_size": 1, "without_timestamps": True}


@dataclass(frozen=True, slots=True)
class Cost:
    """The same work done in two ways, in milliseconds of processor time, round by round."""

    what: str
    ours_ms: list[float] = field(default_factory=list)
    other_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bench:
    """One model, loaded as we load it and as others do."""

    decoder: WhisperDecoder
    model: WhisperModel

    def padded(self, samples: Samples, **options: object) -> str:
        """What `transcribe` makes of it."""
        segments, _ = self.model.transcribe(as_floats(samples), language="en", **options)
        return "".join(segment.text for segment in segments).strip()


def as_floats(samples: Samples) -> NDArray[np.float32]:
    """As faster-whisper wants them."""
    return samples.astype(np.float32) / np.float32(32_768)


def costs(bench: Bench, speech: Samples, rounds: int) -> Iterator[Cost]:
    """Everything, one after another. `speech` has at least `UTTERANCE_S` seconds."""
    for seconds in SECONDS:
        yield from _of_window(bench, speech[: seconds * SAMPLE_RATE], rounds)
    yield _together(bench, speech, rounds)
    yield _utterance(bench, speech[: UTTERANCE_S * SAMPLE_RATE])


def _of_window(bench: Bench, part: Samples, rounds: int) -> Iterator[Cost]:
    decoder, seconds = bench.decoder, len(part) // SAMPLE_RATE
    frames = decoder.policy.frames(100 * seconds, decoder.n_mels)
    yield _in_turns(
        f"encoding {seconds} s, beside 30 s",
        lambda: decoder.encoder.encode([task(part)], frames, neutral_padding=False),
        lambda: decoder.encoder.encode([task(part)], FULL_FRAMES, neutral_padding=False),
        rounds,
    )
    yield _in_turns(
        f"a partial of {seconds} s, beside one padded to 30 s",
        lambda: decoder.decode(task(part)),
        lambda: bench.padded(part, **GREEDY),
        rounds,
    )
    yield _in_turns(
        f"a final of {seconds} s, beside `transcribe`",
        lambda: decoder.decode(task(part, final=True)),
        lambda: bench.padded(part),
        rounds,
    )


def _together(bench: Bench, speech: Samples, rounds: int) -> Cost:
    length, step = SPEAKERS_S * SAMPLE_RATE, SAMPLE_RATE // 2
    parts = [speech[n * step : n * step + length] for n in range(SPEAKERS)]
    tasks = [task(part, n) for n, part in enumerate(parts, 1)]
    name = f"a partial of {SPEAKERS_S} s, {SPEAKERS} speakers in one call, beside one padded"
    cost = _in_turns(
        name,
        lambda: bench.decoder.decode_all(tasks),
        lambda: bench.padded(parts[0], **GREEDY),
        rounds,
    )
    return Cost(name, [took / SPEAKERS for took in cost.ours_ms], cost.other_ms)


def _utterance(bench: Bench, speech: Samples) -> Cost:
    return asyncio.run(_partials(bench, speech))


async def _partials(bench: Bench, speech: Samples) -> Cost:
    """Every partial of one long utterance, and some of them with all of it padded."""
    cost = Cost(f"partials of an utterance of {UTTERANCE_S} s, beside padded ones, mean")
    scheduler = Scheduler(1)
    recognizer = WhisperRecognizer(WhisperThreads(bench.decoder, 1), scheduler, name="bench")
    utterance = recognizer.utterance(RecognitionOptions("en"))
    step = PARTIAL_MS * SAMPLE_RATE // 1000
    for number, start in enumerate(range(0, len(speech), step), 1):
        utterance.feed(speech[start : start + step])
        began_s = time.process_time()
        await utterance.partial()
        cost.ours_ms.append(1000 * (time.process_time() - began_s))
        if number % PADDED_EVERY == 0:
            said = speech[: start + step]
            cost.other_ms.append(_took_ms(partial(bench.padded, said, **GREEDY)))
    utterance.close()
    await scheduler.close()
    return cost


def task(samples: Samples, utterance: int = 0, *, final: bool = False) -> Task:
    """Audio to decode; without a number nobody remembers its features."""
    stamp = Stamp("", utterance, 1)
    return Task(samples, 0, RecognitionOptions("en"), second_try=final, stamp=stamp)


def _in_turns(
    what: str, ours: Callable[[], object], other: Callable[[], object], rounds: int
) -> Cost:
    cost = Cost(what)
    for _ in range(rounds):
        cost.ours_ms.append(_took_ms(ours))
        cost.other_ms.append(_took_ms(other))
    return cost


def _took_ms(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return 1000 * (time.process_time() - began_s)


def joined(speeches: Sequence[Samples], pause_s: float = 0.3) -> Samples:
    """One long speech of several, shape (n,)."""
    pause = np.zeros(int(pause_s * SAMPLE_RATE), np.int16)
    return np.concatenate([part for speech in speeches for part in (speech, pause)])
