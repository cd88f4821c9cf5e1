"""Measure our recogniser beside other servers: same speech, same model folder, one thread each.

Usage: scripts/bench-peers, which makes the environments. Talkers speak at the pace of speech; every
subject has the machine for itself while it is measured, and they take turns sentence by sentence.
A streaming server gets two seconds of silence after the speech and finds the end itself; Wyoming's
is told the end at once, for that is how it is used. Prints a table in Markdown.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
import wave
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import aiohttp
import numpy as np

from audio import SAMPLE_RATE, Samples
from scripts.measure_recogniser import BUNDLED, SENTENCES
from tests.support.chain_whisper import TINY, save_chain_whisper
from tests.support.speech import say
from tests.support.word_error import word_error
from voice_server.bench.figures import percentile
from voice_server.bench.live import server
from voice_server.bench.load.process_meter import tree_cpu_s
from voice_server.client import Final, Partial, connect

PIECE = SAMPLE_RATE // 50
LEAD_MS = 500
SILENCE_S = 2.0
START_S_MAX = 90.0
ANSWER_S_MAX = 30.0

Hears = Callable[[Samples], Awaitable["Heard"]]


@dataclass(slots=True)
class Heard:
    """What one talker saw, and when, in seconds since the first sample."""

    seen: list[tuple[float, str]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def note(self, text: str) -> None:
        """Something was shown."""
        self.seen.append((time.monotonic() - self.began, text.strip()))

    @property
    def text(self) -> str:
        """The last word on it."""
        return self.seen[-1][1] if self.seen else ""

    def first_s(self) -> float | None:
        """When the first words were shown."""
        return next((at for at, text in self.seen if text), None)

    def whole_s(self) -> float | None:
        """When all words were shown that are in the end."""
        return next((at for at, text in self.seen if text and text == self.text), None)


@dataclass(slots=True)
class Subject:
    """A server under measurement."""

    name: str
    pid: int
    hear: Hears
    first_ms: list[float] = field(default_factory=list)
    final_ms: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    lost: int = 0

    async def measure(self, sentence: str, talkers: int) -> None:
        """So many say the same at once."""
        speech = say(sentence, lead_ms=LEAD_MS, trail_ms=0)
        begin_s, end_s = LEAD_MS / 1000, len(speech) / SAMPLE_RATE
        before = tree_cpu_s(self.pid)
        heard = await asyncio.gather(*(self.hear(speech) for _ in range(talkers)))
        self.cpu.append((tree_cpu_s(self.pid) - before) / talkers / (end_s - begin_s))
        for one in heard:
            first, whole = one.first_s(), one.whole_s()
            if first is None or whole is None:
                self.lost += 1
                continue
            self.first_ms.append(1000 * (first - begin_s))
            self.final_ms.append(1000 * (whole - end_s))
            self.errors.append(100 * word_error(sentence, one.text))

    def row(self, talkers: int) -> str:
        """A line of the table."""
        first, p50, p95 = (
            percentile(values, share)
            for values, share in ((self.first_ms, 50), (self.final_ms, 50), (self.final_ms, 95))
        )
        cells = [
            self.name,
            str(talkers),
            *("-" if value is None else f"{value:.0f} ms" for value in (first, p50, p95)),
            f"{statistics.mean(self.cpu):.3f}",
            f"{statistics.mean(self.errors):.1f} %" if self.errors else "-",
            str(self.lost),
        ]
        return f"| {' | '.join(cells)} |"


async def paced(
    speech: Samples, silence_s: float, send: Callable[[bytes], Awaitable[None]]
) -> None:
    """Send 20 ms every 20 ms, by an absolute schedule."""
    whole = np.concatenate((speech, np.zeros(int(silence_s * SAMPLE_RATE), np.int16)))
    began = time.monotonic()
    for start in range(0, len(whole), PIECE):
        await asyncio.sleep(began + start / SAMPLE_RATE - time.monotonic())
        await send(whole[start : start + PIECE].tobytes())


def ours(url: str) -> Hears:
    """Our native protocol, transcription only."""

    async def hear(speech: Samples) -> Heard:
        async with connect(url, mode="transcription", features=["partials"]) as call:
            heard = Heard()
            talking = asyncio.create_task(paced(speech, SILENCE_S, call.send_audio))
            with suppress(TimeoutError):
                async with asyncio.timeout(len(speech) / SAMPLE_RATE + ANSWER_S_MAX):
                    async for event in call:
                        if isinstance(event, Partial):
                            heard.note(f"{event.stable}{event.unstable}")
                        elif isinstance(event, Final):
                            heard.note(event.text)
                            break
            talking.cancel()
            return heard

    return hear


def livekit(port: int) -> Hears:
    """WhisperLiveKit's WebSocket: raw samples in, lines and a buffer out."""

    async def hear(speech: Samples) -> Heard:
        url = f"ws://127.0.0.1:{port}/asr"
        async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
            heard = Heard()
            talking = asyncio.create_task(_talk_and_stop(ws, speech))
            with suppress(TimeoutError):
                async with asyncio.timeout(len(speech) / SAMPLE_RATE + ANSWER_S_MAX):
                    async for message in ws:
                        said = json.loads(message.data)
                        if said.get("type") == "ready_to_stop":
                            break
                        lines = (line.get("text") or "" for line in said.get("lines", ()))
                        heard.note(" ".join((*lines, said.get("buffer_transcription") or "")))
            talking.cancel()
            return heard

    return hear


async def _talk_and_stop(ws: aiohttp.ClientWebSocketResponse, speech: Samples) -> None:
    await paced(speech, SILENCE_S, ws.send_bytes)
    await ws.send_bytes(b"")


def wyoming(port: int) -> Hears:
    """Wyoming over TCP: JSON lines, each with the length of the audio after it."""

    async def hear(speech: Samples) -> Heard:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        heard = Heard()
        form = {"rate": SAMPLE_RATE, "width": 2, "channels": 1}

        async def send(audio: bytes) -> None:
            writer.write(_wyoming("audio-chunk", form, audio))

        writer.write(_wyoming("transcribe", {"language": "en"}))
        writer.write(_wyoming("audio-start", form))
        await paced(speech, 0.0, send)
        writer.write(_wyoming("audio-stop", {}))
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S_MAX):
                while line := await reader.readline():
                    head = json.loads(line)
                    body = await reader.readexactly(head.get("data_length") or 0)
                    if head["type"] == "transcript":
                        data = {**head.get("data", {}), **json.loads(body or b"{}")}
                        heard.note(data["text"])
                        break
        writer.close()
        return heard

    return hear


def _wyoming(kind: str, data: dict[str, object], payload: bytes = b"") -> bytes:
    head = {"type": kind, "data": data, "payload_length": len(payload)}
    return json.dumps(head).encode() + b"\n" + payload


@contextmanager
def peer(command: list[str], port: int) -> Iterator[int]:
    """A server of somebody else's, offline and on loopback; yields its process id."""
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=offline) as process,
    ):
        try:
            _wait_for(port, process, log)
            yield process.pid
        finally:
            process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    until = time.monotonic() + START_S_MAX
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    log.seek(0)
    raise SystemExit(f"{process.args[0]} did not start:\n{log.read().decode()[-800:]}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def save_wav(path: Path, samples: Samples) -> str:
    """Write it; return the path."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return str(path)


def subjects(stack: ExitStack, environments: Path, model: Path, ours_asr: str) -> list[Subject]:
    """All servers, started."""
    scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    options = ("--offline", "--asr", ours_asr, "--llm", "scripted", "--tts", "scripted")
    url, pid = stack.enter_context(server((*options, "--set", "asr.workers=1")))
    found = [Subject("voice-server", pid, ours(url))]
    port, warm = free_port(), save_wav(scratch / "warm.wav", say(SENTENCES[0]))
    wlk = str(environments / "whisperlivekit" / "bin" / "wlk")
    policy = ("--backend", "faster-whisper", "--backend-policy", "localagreement")
    where = ("--host", "127.0.0.1", "--port", str(port))
    words = ("--model_dir", str(model), "--language", "en", "--pcm-input", "--warmup-file", warm)
    pid = stack.enter_context(peer([wlk, *where, *policy, *words], port))
    found.append(Subject("WhisperLiveKit 0.2.26, LocalAgreement", pid, livekit(port)))
    port = free_port()
    python = str(environments / "wyoming" / "bin" / "python")
    where = ("--uri", f"tcp://127.0.0.1:{port}", "--data-dir", str(scratch))
    words = ("--model", str(model), "--language", "en", "--beam-size", "1", "--cpu-threads", "1")
    kind = ("--stt-library", "faster-whisper", "--compute-type", "int8")
    command = [python, "-m", "wyoming_faster_whisper", *where, *words, *kind]
    pid = stack.enter_context(peer(command, port))
    found.append(Subject("wyoming-faster-whisper 3.8.1", pid, wyoming(port)))
    return found


async def measure(found: list[Subject], sentences: int, talkers: int) -> None:
    """Sentence by sentence, subject by subject; the first one warms up and does not count."""
    for number in range(sentences + 1):
        for subject in found:
            await subject.measure(SENTENCES[number % len(SENTENCES)], talkers)
            if not number:
                for values in (subject.first_ms, subject.final_ms, subject.cpu, subject.errors):
                    values.clear()
                subject.lost = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environments", type=Path)
    parser.add_argument("--model", choices=("bundled", "tiny"), default="bundled")
    parser.add_argument("--talkers", type=int, action="append")
    parser.add_argument("--sentences", type=int, default=6)
    asked = parser.parse_args()
    print("| | talkers | first words | all words, p50 | p95 | CPU s per s | word errors | lost |")
    print("|---|---|---|---|---|---|---|---|")
    with ExitStack() as stack:
        model, name = BUNDLED, "bundled"
        if asked.model == "tiny":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            model = save_chain_whisper(folder, TINY)
            name = str(model)
        for talkers in asked.talkers or [1, 4]:
            with ExitStack() as servers:
                found = subjects(servers, asked.environments, model, name)
                asyncio.run(measure(found, asked.sentences, talkers))
            for subject in found:
                print(subject.row(talkers), flush=True)


if __name__ == "__main__":
    main()
