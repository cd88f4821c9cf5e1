"""Measure the recogniser beside faster-whisper's own `transcribe`, on the same model and audio.

Usage: python -m scripts.measure_recogniser [--rounds N] [--minutes N]. Cost is processor time, each
subject in turn, round after round, the median of all rounds. It is measured on a Whisper of the
true shape of `tiny` that always says the same thirteen words, word errors on the bundled model and
espeak-ng's voice. Prints a table in Markdown.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionOptions
from models.asr.decoding import Stamp, Task
from models.asr.whisper import WhisperRecognizer
from models.asr.whisper_crew import WhisperThreads
from models.asr.whisper_decoder import WhisperDecoder
from models.asr.whisper_window import FULL_FRAMES
from models.asr.whisper_worker import WorkerOrder, load
from models.scheduler import Scheduler
from tests.support.speech import say
from voice_server.bench.asr.chain_whisper import TINY, save_chain_whisper
from voice_server.bench.asr.not_speech import NOT_SPEECH
from voice_server.bench.word_error import word_error

BUNDLED = Path(__file__).parent.parent / "models" / "assets" / "bundled-asr"
SENTENCES = (
    "Set an alarm for six o'clock.",
    "What's the temperature in Lisbon?",
    "Do I have any new messages?",
    "Where is the nearest library?",
    "Turn off the lamp in the kitchen, please.",
    "How is the weather in London tomorrow?",
    "Play some quiet music in the bedroom.",
    "The dog is asleep under the table.",
    "I would like to book a table for four people.",
    "She wrote a long letter to her brother.",
    "Bring me the blue folder from the second drawer.",
    "We walked along the river until the lights came on.",
    "My sister bought three apples and a loaf of bread.",
    "The train to the city leaves at half past nine.",
    "Call the doctor and ask for an appointment on Friday.",
    "There was nothing left in the kitchen but rice.",
)
SESSIONS = 8


def medians_ms(subjects: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Processor time of each subject, interleaved."""
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            began_s = time.process_time()
            subject()
            taken[name].append(1000 * (time.process_time() - began_s))
    return {name: statistics.median(times) for name, times in taken.items()}


def padded(model: WhisperModel, samples: Samples, **options: object) -> str:
    """What faster-whisper makes of it, with every window padded to 30 s."""
    segments, _ = model.transcribe(samples.astype(np.float32) / 32768, language="en", **options)
    return "".join(segment.text for segment in segments).strip()


def encoded(decoder: WhisperDecoder, samples: Samples, frames: int) -> None:
    """The encoder's part alone."""
    decoder.encoder.encode([task(samples)], frames, neutral_padding=False)


def task(samples: Samples, utterance: int = 0, *, final: bool = False) -> Task:
    """Audio to decode; without a number nobody remembers its features."""
    stamp = Stamp("", utterance, 1)
    return Task(samples, 0, RecognitionOptions("en"), second_try=final, stamp=stamp)


def measure_cost(decoder: WhisperDecoder, model: WhisperModel, rounds: int) -> None:
    """One partial, one final, and eight speakers, on a model of true shape."""
    speech = np.concatenate([say(text) for text in SENTENCES[:4]])
    partials = {"temperature": 0.0, "beam_size": 1, "without_timestamps": True}
    for seconds in (2, 4, 8):
        part = speech[: seconds * SAMPLE_RATE]
        cost = medians_ms(
            {
                "ours": lambda part=part: decoder.decode(task(part)),
                "padded": lambda part=part: padded(model, part, **partials),
                "defaults": lambda part=part: padded(model, part),
            },
            rounds,
        )
        frames = decoder.policy.frames(100 * seconds, decoder.n_mels)
        share = medians_ms(
            {
                "short": lambda part=part, frames=frames: encoded(decoder, part, frames),
                "full": lambda part=part: encoded(decoder, part, FULL_FRAMES),
            },
            rounds,
        )
        row(f"encoding {seconds} s, beside 30 s", share["short"], share["full"])
        row(f"a partial of {seconds} s, beside one padded to 30 s", cost["ours"], cost["padded"])
        row(f"a final of {seconds} s, beside `transcribe`", cost["ours"], cost["defaults"])
    tasks = [task(speech[n * 8000 : n * 8000 + 3 * SAMPLE_RATE], n + 1) for n in range(SESSIONS)]
    cost = medians_ms(
        {
            "together": lambda: decoder.decode_all(tasks),
            "alone": lambda: [decoder.decode(one) for one in tasks],
        },
        rounds,
    )
    row(f"{SESSIONS} speakers of 3 s in one call", cost["together"], cost["alone"])


async def streamed(recognizer: WhisperRecognizer, samples: Samples) -> str:
    """What a conversation would read: partials every 300 ms, then the final."""
    utterance = recognizer.utterance(RecognitionOptions("en"))
    for start in range(0, len(samples), 4800):
        utterance.feed(samples[start : start + 4800])
        await utterance.partial()
    final = await utterance.final()
    utterance.close()
    return final.text


async def measure_words(decoder: WhisperDecoder, model: WhisperModel) -> None:
    """Word errors of short windows beside those of whole files."""
    scheduler = Scheduler(1)
    recognizer = WhisperRecognizer(WhisperThreads(decoder, 1), scheduler, name="bundled")
    errors: dict[str, list[float]] = {"ours": [], "offline": []}
    for text in SENTENCES:
        samples = say(text)
        errors["ours"].append(word_error(text, await streamed(recognizer, samples)))
        errors["offline"].append(word_error(text, padded(model, samples)))
    ours, offline = (100 * statistics.mean(errors[name]) for name in ("ours", "offline"))
    print(f"| word errors of {len(SENTENCES)} sentences | {ours:.1f} % | {offline:.1f} % | |")
    await scheduler.close()


def measure_inventions(decoder: WhisperDecoder, minutes: float) -> None:
    """Words found where nobody speaks."""
    words, seconds = 0, int(60 * minutes / len(NOT_SPEECH))
    for sound in NOT_SPEECH.values():
        samples = sound(seconds, seed=7)
        for start in range(0, len(samples), 4 * SAMPLE_RATE):
            words += len(decoder.decode(task(samples[start : start + 4 * SAMPLE_RATE])).words)
    spent = seconds * len(NOT_SPEECH) / 60
    print(f"| words invented in {spent:.0f} minutes of silence, noise and music | {words} | | |")


def row(what: str, ours: float, other: float) -> None:
    """One line of the table."""
    print(f"| {what} | {ours:.1f} ms | {other:.1f} ms | {other / ours:.1f} × |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    print("| what | ours | beside it | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = str(save_chain_whisper(Path(folder), TINY))
        model = WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=1)
        measure_cost(load(WorkerOrder(path, "margin", 2560)), model, asked.rounds)
    bundled = load(WorkerOrder(str(BUNDLED), "short", 0))
    model = WhisperModel(str(BUNDLED), device="cpu", compute_type="int8", cpu_threads=1)
    asyncio.run(measure_words(bundled, model))
    measure_inventions(bundled, asked.minutes)


if __name__ == "__main__":
    main()
