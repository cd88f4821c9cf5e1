"""What the generator is told, and what it tells: JSON on its standard input and output."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import TypeAdapter

from voice_server.bench.load.schedule import LATE_MS_MAX, Arrivals, void_reason
from voice_server.bench.load.statistics import Summary, summary

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

EVERY_S = 5.0

BEHIND_S_MAX = 2.0
"""A server says once per second how much it has taken in."""

Microphone = Literal["none", "pcm", "base64"]
"""No audio at all; 16 kHz in binary messages; 24 kHz in OpenAI's JSON."""


@dataclass(frozen=True, slots=True)
class Order:
    """One block of load."""

    port: int
    pid: int
    """Whose CPU and memory are read."""
    path: str = "/ws?rate=16000&out_rate=16000"
    protocol: str = ""
    greets: bool = True
    """The server speaks first."""
    first: tuple[str, ...] = ()
    """Text messages that every session sends when it is open."""
    microphone: Microphone = "pcm"
    speech: str = ""
    """What talkers say, over and over; the others' microphones are silent."""
    clips: tuple[str, ...] = ()
    """What they say instead, in turn: 16 kHz, see `talk.packed`."""
    pause_s: float = 2.0
    """From the end of one clip to the beginning of the next, more or less."""
    talkers: int = 0
    every_s: float = EVERY_S
    """From one sentence to the next."""
    sessions: int = 1
    arrivals: Arrivals = "poisson"
    ramp_s: float = 1.0
    """Sessions are opened over so long,"""
    warm_s: float = 1.0
    """and run for so long before the measurement begins."""
    seconds: float = 5.0
    late_ms_max: float = LATE_MS_MAX
    """The generator's own, 99th percentile: beyond it the block is void."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Session:
    """What one session got, in seconds since its first frame was due."""

    ready_ms: float
    """From opening the TCP connection to the first message, or to the upgrade."""
    audio: list[tuple[float, int]]
    texts: list[tuple[float, str]]
    began_s: float
    """Of the monotonic clock: when that first frame was due."""
    refusal: str = ""
    """Why it was not let in, or ended."""


@dataclass(frozen=True, slots=True)
class Block:
    """Everything that was measured in one block."""

    order: Order
    seconds: float
    """Of the measurement itself."""
    server_cpu_s: float
    resident_before_bytes: int
    resident_bytes: int
    generator_cpu_s: float
    late_ms: Summary | None
    void: str | None
    speech_ends_s: float
    """After each beginning of `every_s`."""
    unsent_bytes: int
    """What the server had not taken in at the end."""
    sessions: list[Session]

    @property
    def cpu_percent(self) -> float:
        """Of a core, per session."""
        return 100 * self.server_cpu_s / self.seconds / self.order.sessions


def decoded(kind: type[T], text: str) -> T:
    """An order, or what came of it, from its JSON. Raises `pydantic.ValidationError`."""
    found: T = TypeAdapter(kind).validate_json(text)
    return found


def told(message: "DataclassInstance") -> str:
    """One line of JSON."""
    return json.dumps(asdict(message))


def judged(
    late_ms: Sequence[float],
    refusals: Sequence[str],
    behind_s: float = 0.0,
    late_ms_max: float = LATE_MS_MAX,
) -> tuple[Summary | None, str | None]:
    """The generator's lateness, and why the block is void, if it is.

    A block whose sessions were not all there, or were not all listened to, has not borne the load
    that it says.
    """
    told_why = [refusal for refusal in refusals if refusal]
    missing = f"{len(told_why)} sessions were not there: {told_why[0]}" if told_why else None
    unheard = f"the server was {behind_s:.1f} s behind" if behind_s > BEHIND_S_MAX else None
    return summary(late_ms), void_reason(late_ms, late_ms_max) or missing or unheard
