"""Whole agents beside each other: the same null language model and voice, the same recogniser.

Three things are asked: what a session costs in which nobody speaks, how long an answer takes beyond
what the model and the voice are scripted to take, and how soon an answer stops that is talked over.
"""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts.bench_peers.interruptions import Interruption, interruptions
from scripts.bench_peers.null_backends import LLM_S, TTS_S
from scripts.bench_peers.recognition import SERVER_CORE, TALKERS_CORE, Progress, settle
from scripts.bench_peers.servers import (
    PROGRAMS,
    Place,
    free_port,
    on_core,
    punctually,
    running,
    serving,
)
from voice_server.bench.live import question
from voice_server.bench.load.null_tier import run_valid, turn_delays_ms
from voice_server.bench.load.orders import Block, Order

QUESTION, STORY = "What time is it?", "Tell me a long story."
SCRIPTED_MS = 1000 * (LLM_S + TTS_S)
LISTENERS = 10
ATTEMPTS_MAX = 2
HELLO = {
    "type": "hello",
    "audio": {
        "framing": "raw",
        "input": {"codec": "pcm_s16le", "rate": 16_000},
        "output": {"codec": "pcm_s16le", "rates": [16_000]},
    },
    "features": ["pause"],
    "config": {"language": "en"},
}


@dataclass(frozen=True, slots=True)
class Agent:
    """One row of the table."""

    name: str
    how: str
    mode: str = ""
    """Of Pipecat's program; empty: ours."""


AGENTS = (
    Agent("voice-server", "as it comes, one worker"),
    Agent("Pipecat 1.14.0", "as it comes: Silero, smart-turn", "plain"),
    Agent("Pipecat 1.14.0, tuned", "int8, a turn ends 200 ms after the voice", "tuned"),
)


@dataclass(slots=True)
class Judged:
    """An agent, and the blocks that were measured; void ones among them."""

    agent: Agent
    order: Order
    """What all its blocks have in common."""
    listening: list[Block] = field(default_factory=list)
    answers: list[Block] = field(default_factory=list)
    stories: list[Block] = field(default_factory=list)

    def cpu_percents(self) -> list[float]:
        """Of a core, per listening session, block by block."""
        return [block.cpu_percent for block in self.listening if not block.void]

    def delays_ms(self) -> list[float | None]:
        """End of a question to the first sound of its answer; None: there was none."""
        return [d for block in self.answers if not block.void for d in turn_delays_ms(block)]

    def interruptions(self) -> list[Interruption]:
        """Of all stories."""
        _, begins_s, _ = question(STORY)
        return [
            one
            for block in self.stories
            if not block.void
            for one in interruptions(block, begins_s, SCRIPTED_MS / 1000)
        ]


def measure(environments: Path, model: Path, rounds: int, progress: Progress) -> list[Judged]:
    """Run everything. Raises `RuntimeError` if a server does not start."""
    with ExitStack() as stack:
        backends = free_port()
        command = [sys.executable, "-m", "scripts.bench_peers.null_backends", str(backends)]
        with on_core(TALKERS_CORE):
            stack.enter_context(running(command, backends))
        url = f"http://127.0.0.1:{backends}"
        judged = []
        for agent in AGENTS:
            progress(f"starting {agent.name}")
            place = Place(environments, model, model, "", free_port())
            judged.append(_started(stack, agent, place, url))
        for one in judged:
            progress(f"warming up {one.agent.name}")
            _block(replace(_asking(one.order, QUESTION, every_s=4.0), seconds=4.0), 1)
        for turn in range(rounds):
            for one in judged:
                progress(f"agents, round {turn + 1}: {one.agent.name}")
                listening = replace(one.order, sessions=LISTENERS, warm_s=2.0, seconds=8.0)
                one.listening += _block(listening)
                one.answers += _block(_asking(one.order, QUESTION, every_s=4.0))
                one.stories += _block(_asking(one.order, STORY, every_s=5.0))
    return judged


def _asking(order: Order, text: str, every_s: float) -> Order:
    """Somebody who says the same five times."""
    return replace(order, talkers=1, speech=text, every_s=every_s, warm_s=0.0, seconds=5 * every_s)


def _block(order: Order, attempts: int = ATTEMPTS_MAX) -> list[Block]:
    settle(order.pid)
    with on_core(TALKERS_CORE), punctually():
        return run_valid(order, attempts)


def _started(stack: ExitStack, agent: Agent, place: Place, url: str) -> Judged:
    port, ours = place.port, not agent.mode
    command = _ours(place, url) if ours else _pipecat(place, url, agent.mode)
    with on_core(SERVER_CORE):
        pid = stack.enter_context(running(command, port))
    order = Order(port, pid, path="/ws", greets=False)
    if ours:
        hello = (json.dumps(HELLO),)
        order = Order(port, pid, path="/v1/voice", protocol="voice.v1", first=hello)
    return Judged(agent, order)


def _ours(place: Place, url: str) -> Sequence[str]:
    return serving(place, "--llm", f"{url}/v1", "--tts", f"{url}/v1")


def _pipecat(place: Place, url: str, mode: str) -> Sequence[str]:
    program = str(PROGRAMS / "pipecat_agent.py")
    python = place.command("pipecat", "python")
    return [python, program, str(place.port), str(place.model), url, mode]
