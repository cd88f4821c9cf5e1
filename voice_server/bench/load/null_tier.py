"""What the server itself costs: scripted engines, real sockets, an echo of the same frames beside.

Blocks of the subjects follow each other, round after round (A B C A B C), so that whatever else
the machine does hits all of them. A void block is run again a few times; what stays void is told
and counts for nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Literal

from voice_server.bench.live import server
from voice_server.bench.load.ageing import Aged, AgeOrder, run_ageing
from voice_server.bench.load.bare_echo import bare_echo
from voice_server.bench.load.generator import run_block
from voice_server.bench.load.orders import EVERY_S, Block, Order
from voice_server.bench.load.process_meter import tree_resident_bytes
from voice_server.bench.load.replies import first_after
from voice_server.bench.load.schedule import Arrivals
from voice_server.bench.load.stamped_chat import ages_ms, direct_ages_ms, stamped_chat

SIZES = (10, 50, 100)
SILENCE_MS, LLM_MS, TTS_MS = 500, 120, 60
SCRIPTED_MS = SILENCE_MS + LLM_MS + TTS_MS
"""From the end of speech to the first sound, if nothing else took time; the final decode is made
during the silence."""
TALKERS_MAX = 5
QUESTION = "What time is it?"
ASK = '{"type":"text","text":"Go on."}'
ASK_FOR_TEXT = (
    '{"type":"text","text":"Go on.","respond":false}',
    '{"type":"respond","modalities":["text"]}',
)
LONG_ANSWER = " ".join(["word"] * 180) + "."
"""Fifty seconds of the scripted voice: speaking sessions speak throughout."""

AGED = 10
"""Sessions that grow old."""
AGED_PATH = "/ws?mode=transcription&rate=16000"
FASTER_THAN_REAL = 10_000
SCRIPTED = ("--offline", "--asr", "scripted", "--tts", "scripted")
LIMITS = (
    "sessions_max",
    "sessions_per_ip_max",
    "connections_max",
    "connections_local_max",
    "arrivals_per_s_max",
    "arrivals_per_s_local_max",
)
LAG_MS_MAX = 60_000
"""Overload is to be measured, not refused."""
Part = Literal["costs", "turns", "tokens", "age"]
PARTS: tuple[Part, ...] = ("costs", "turns", "tokens")
"""Unless others are asked for: growing old takes longer than all of them."""
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure, and how long."""

    sizes: tuple[int, ...] = SIZES
    rounds: int = 3
    seconds: float = 5.0
    arrivals: Arrivals = "poisson"
    seed: int = 1
    parts: tuple[Part, ...] = PARTS
    minutes: float = 60.0
    """How old sessions grow."""
    attempts: int = 3
    """How often a block is run at most, until one is valid."""


@dataclass(slots=True)
class Measured:
    """Everything that was measured."""

    plan: Plan
    blocks: dict[str, list[Block]] = field(default_factory=dict)
    """By subject, in the order in which they ran; void ones among them."""
    fresh_bytes: dict[str, int] = field(default_factory=dict)
    """Memory of each subject's process before its first session."""
    relayed_ms: dict[int, list[float]] = field(default_factory=dict)
    """Age of tokens when they reach clients, by the number of streams at once."""
    direct_ms: list[float] = field(default_factory=list)
    """The same without a server between."""
    aged: Aged | None = None

    def valid(self, subject: str, sessions: int | None = None) -> list[Block]:
        """Blocks that count."""
        blocks = self.blocks.get(subject, [])
        sizes = {sessions} if sessions else {block.order.sessions for block in blocks}
        return [b for b in blocks if b.void is None and b.order.sessions in sizes]


def measure(plan: Plan, progress: Progress) -> Measured:
    """Run everything. Raises `RuntimeError` if a server does not start."""
    measured = Measured(plan)
    for part in plan.parts:
        _PARTS[part](measured, progress)
    return measured


def spacious(sessions: int) -> tuple[str, ...]:
    """Options of a server that has room for so many from one address."""
    room = max(200, 2 * sessions)
    room_for_all = {f"limits.{name}": room for name in LIMITS}
    late = {"limits.loop_lag_ms_max": 60_000}  # to be measured, not to turn anybody away
    given = {**room_for_all, **late}
    return tuple(word for name in given for word in ("--set", f"{name}={given[name]}"))


def run_valid(order: Order, attempts: int) -> list[Block]:
    """Until one block is valid, or so often; all of them."""
    blocks = [run_block(order)]
    while blocks[-1].void is not None and len(blocks) < attempts:
        blocks.append(run_block(order))
    return blocks


def _measure_costs(measured: Measured, progress: Progress) -> None:
    """CPU and memory per session, pacing and connecting, beside the echo."""
    plan = measured.plan
    options = (*SCRIPTED, "--llm", "scripted", "--set", f'llm.scripted.texts=["{LONG_ANSWER}"]')
    with ExitStack() as stack:
        url, pid = stack.enter_context(server((*options, *spacious(max(plan.sizes)))))
        echo_port, echo_pid = stack.enter_context(bare_echo())
        warm_s = min(1.0, plan.seconds)
        base = Order(port_of(url), pid, warm_s=warm_s, seconds=plan.seconds, arrivals=plan.arrivals)
        echo = replace(base, port=echo_port, pid=echo_pid, path="/v1/voice", greets=False)
        realtime = replace(base, path="/v1/realtime?model=bench", protocol="realtime")
        subjects = {
            "bare echo": echo,
            "listening": base,
            "idle": replace(base, microphone="none"),
            "speaking": replace(base, first=(ASK,)),
            "listening, OpenAI Realtime": replace(realtime, microphone="base64"),
        }
        for name, order in subjects.items():
            measured.fresh_bytes[name] = tree_resident_bytes(order.pid)
        _interleave(measured, subjects, progress)


def _interleave(measured: Measured, subjects: dict[str, Order], progress: Progress) -> None:
    plan = measured.plan
    for sessions in plan.sizes:
        for turn in range(plan.rounds):
            for name, order in subjects.items():
                progress(f"{sessions} sessions, round {turn + 1}: {name}")
                block = replace(order, sessions=sessions, ramp_s=ramp_s(sessions), seed=plan.seed)
                measured.blocks.setdefault(name, []).extend(run_valid(block, plan.attempts))


def _measure_turns(measured: Measured, progress: Progress) -> None:
    """A few talk, all others listen: how long an answer takes beyond what the script takes."""
    plan = measured.plan
    turn = ("turn.endpoint=fixed", f"turn.silence_ms={SILENCE_MS}", "turn.speculate=false")
    engines = ("llm.scripted.token_interval_ms=0", "tts.scripted.char_ms=10")
    options = (*SCRIPTED, "--llm", "scripted", *_set(*turn, *engines))
    with server((*options, *spacious(max(plan.sizes)))) as (url, pid):
        for sessions in plan.sizes:
            progress(f"{sessions} sessions, {min(TALKERS_MAX, sessions)} of them talk")
            order = Order(
                port_of(url),
                pid,
                sessions=sessions,
                talkers=min(TALKERS_MAX, sessions),
                speech=QUESTION,
                ramp_s=ramp_s(sessions),
                warm_s=0,
                seconds=max(2 * EVERY_S, plan.seconds),
                arrivals=plan.arrivals,
                seed=plan.seed,
            )
            measured.blocks.setdefault("turns", []).extend(run_valid(order, plan.attempts))


def _measure_relay(measured: Measured, progress: Progress) -> None:
    """Tokens from a language-model server's socket to the client's."""
    with stamped_chat() as llm:
        options = (*SCRIPTED, "--llm", llm, *spacious(max(measured.plan.sizes)))
        with server(options) as (url, pid):
            for streams in (1, min(20, max(measured.plan.sizes))):
                progress(f"{streams} streams of tokens")
                measured.direct_ms += asyncio.run(direct_ages_ms(llm))
                order = Order(
                    port_of(url), pid, sessions=streams, first=ASK_FOR_TEXT, ramp_s=0.5, seconds=4
                )
                blocks = run_valid(order, measured.plan.attempts)
                measured.blocks.setdefault("relay", []).extend(blocks)
                measured.relayed_ms[streams] = relay_ages_ms(blocks[-1])


def _measure_age(measured: Measured, progress: Progress) -> None:
    """What sessions cost in their last minute, beside their first."""
    plan = measured.plan
    fast = (f"limits.audio_rate_max={FASTER_THAN_REAL}", "limits.idle_timeout_s=0")
    options = (*SCRIPTED, "--llm", "scripted", *spacious(2 * AGED), *_set(*fast))
    with server(options) as (url, pid):
        progress(f"{AGED} sessions grow {plan.minutes:g} minutes old")
        order = Order(
            port_of(url), pid, AGED_PATH, speech=QUESTION, sessions=AGED, seconds=plan.seconds
        )
        measured.aged = run_ageing(AgeOrder(order, plan.minutes, plan.rounds))


def _set(*assignments: str) -> tuple[str, ...]:
    return tuple(word for assignment in assignments for word in ("--set", assignment))


_PARTS = {
    "costs": _measure_costs,
    "turns": _measure_turns,
    "tokens": _measure_relay,
    "age": _measure_age,
}


def relay_ages_ms(block: Block) -> list[float]:
    """How old each token was when its session got it."""
    return [
        age
        for session in block.sessions
        for at, text in session.texts
        if '"text.delta"' in text
        for age in ages_ms(text, session.began_s + at)
    ]


def ramp_s(sessions: int) -> float:
    """Sessions are opened at fifty a second."""
    return max(0.2, sessions / 50)


def port_of(url: str) -> int:
    """The port of `http://host:port/`."""
    return int(url.rstrip("/").rpartition(":")[2])


def turn_delays_ms(block: Block) -> Sequence[float | None]:
    """Of each talker's turns in a block: end of speech to first sound of the answer."""
    order = block.order
    turns = int((order.warm_s + order.seconds) / order.every_s)
    return [
        delay
        for session in block.sessions[: order.talkers]
        for delay in first_after(
            [at for at, _ in session.audio], 0.0, order.every_s, block.speech_ends_s, turns
        )
    ]
