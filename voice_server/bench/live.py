"""How fast a running server is, seen from its clients: real time, a process of its own.

Callers speak recorded questions at the pace of speech, by an absolute schedule, and note when words
and sound arrive. Then as many callers as wanted say nothing, and the server's CPU and memory are
read from the operating system (Linux).
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from audio import SAMPLE_RATE, Samples
from audio.resample import Resampler
from models.tts.espeak import speak_now
from voice_server.client import Audio, Call, Final, Metrics, Partial, ReplyDone, connect

QUESTIONS = (
    "What time is it?",
    "Tell me a joke.",
    "What is seven times eight?",
    "Count to five.",
    "Is William at home?",
    "Stop the alarm.",
    "Where is the nearest library?",
    "Do I have any new messages?",
)
PIECE_SAMPLES = SAMPLE_RATE // 50
LEAD_S = 0.5
TAIL_S = 5.0
AUDIBLE = 300
"""Sample value from which on speech counts as begun, and after which as ended."""


@dataclass(slots=True)
class Turn:
    """When things arrived, in seconds after the moment they are measured from."""

    partial_s: float | None = None
    """First words, after the first sound of the question."""
    final_s: float | None = None
    """All words, after its last sound."""
    audio_s: float | None = None
    """First sound of the answer, after its last sound."""
    ledger: dict[str, float] = field(default_factory=dict)


@contextmanager
def server(options: Sequence[str]) -> Iterator[tuple[str, int]]:
    """A server of our own on any port: its address and process id, until the block ends."""
    command = [sys.executable, "-m", "voice_server", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline() or "{}")
            if "port" not in ready:
                raise RuntimeError(f"the server did not start: try {' '.join(command[2:])}")
            yield f"http://127.0.0.1:{ready['port']}/", process.pid
        finally:
            process.terminate()


def question(text: str) -> tuple[Samples, float, float]:
    """16 kHz speech with silence around it, and the seconds at which it begins and ends."""
    spoken, _ = speak_now(text)
    resampler = Resampler(22_050, SAMPLE_RATE)
    speech = np.concatenate([resampler.feed(spoken), resampler.flush()])
    audible = np.flatnonzero(np.abs(speech) > AUDIBLE)
    lead = np.zeros(int(LEAD_S * SAMPLE_RATE), np.int16)
    tail = np.zeros(int(TAIL_S * SAMPLE_RATE), np.int16)
    begin, end = LEAD_S + audible[0] / SAMPLE_RATE, LEAD_S + (audible[-1] + 1) / SAMPLE_RATE
    return np.concatenate([lead, speech, tail]), begin, end


async def ask(url: str, text: str) -> Turn:
    """Speak one question at its own pace, and note what comes back."""
    samples, begin, end = question(text)
    clock = asyncio.get_running_loop().time
    turn = Turn()
    async with connect(url, features=["partials", "metrics"]) as call:
        started = clock()
        speaking = asyncio.create_task(_speak(call, samples, started))
        async for event in call:
            at = clock() - started
            match event:
                case Partial() if turn.partial_s is None:
                    turn.partial_s = at - begin
                case Final():
                    turn.final_s = at - end
                case Audio() if turn.audio_s is None:
                    turn.audio_s = at - end
                case Metrics(metrics=metrics):
                    turn.ledger = dict(metrics)
                case ReplyDone():
                    break
        speaking.cancel()
    return turn


async def _speak(call: Call, samples: Samples, started: float) -> None:
    """Send 20 ms every 20 ms; a piece that is late does not make the next one late."""
    loop = asyncio.get_running_loop()
    for start in range(0, len(samples), PIECE_SAMPLES):
        await call.send_audio(samples[start : start + PIECE_SAMPLES])
        ahead_s = started + (start + PIECE_SAMPLES) / SAMPLE_RATE - loop.time()
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)


async def listen(url: str, pid: int, sessions: int, seconds: float) -> dict[str, float]:
    """What so many silent callers cost: CPU per session, memory per session."""
    before = resident_bytes(pid)
    silence = np.zeros(int(seconds * SAMPLE_RATE), np.int16)
    async with AsyncExitStack() as stack:
        calls = [await stack.enter_async_context(connect(url)) for _ in range(sessions)]
        started, cpu_before = asyncio.get_running_loop().time(), cpu_seconds(pid)
        await asyncio.gather(*(_speak(call, silence, started) for call in calls))
        used = cpu_seconds(pid) - cpu_before
        grown = resident_bytes(pid) - before
    return {
        "CPU per listening session (% of a core)": 100 * used / seconds / sessions,
        "memory per session (KiB)": grown / 1024 / sessions,
    }


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM (proc(5), statm, field 2)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def summary(turns: Sequence[Turn]) -> dict[str, tuple[float, float]]:
    """Median and maximum in milliseconds, of what arrived at all."""
    rows = {
        "speech begins → first words": [turn.partial_s for turn in turns],
        "speech ends → all words": [turn.final_s for turn in turns],
        "speech ends → first sound": [turn.audio_s for turn in turns],
    }
    known = {name: [1000 * v for v in values if v is not None] for name, values in rows.items()}
    return {name: (statistics.median(v), max(v)) for name, v in known.items() if v}


def measure(options: Sequence[str], callers: int, silent: int) -> Iterator[str]:
    """Everything, as lines of a Markdown table. Raises `RuntimeError` if no server starts."""
    names = ("sessions_per_ip_max", "connections_local_max", "arrivals_per_s_local_max")
    crowded = (f"limits.{name}={2 * (callers + silent)}" for name in names)
    room = (word for assignment in crowded for word in ("--set", assignment))
    with server((*options, *room)) as (url, pid):
        turns = asyncio.run(_asked(url, callers))
        cost = asyncio.run(listen(url, pid, silent, seconds=10))
    yield f"| {' '.join(options)}, {callers} at once | median | maximum |"
    yield "|---|---|---|"
    for name, (median, most) in summary(turns).items():
        yield f"| {name} | {median:.0f} ms | {most:.0f} ms |"
    for name, value in cost.items():
        yield f"| {name}, {silent} at once | {value:.2f} | |"


async def _asked(url: str, callers: int) -> list[Turn]:
    """Every question once, so many at a time."""
    turns: list[Turn] = []
    for first in range(0, len(QUESTIONS), callers):
        batch = QUESTIONS[first : first + callers]
        turns += await asyncio.gather(*(ask(url, text) for text in batch))
    return turns
