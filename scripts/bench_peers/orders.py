"""What the talkers are told, and what they tell: JSON on their standard input and output."""

import json
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter

from scripts.bench_peers.heard import Clip, Utterance
from voice_server.bench.load.statistics import Summary


@dataclass(frozen=True, slots=True)
class Order:
    """One block of talk: in each cycle every talker says a sentence, on a connection of its own."""

    wire: str
    """A key of `talkers.WIRES`."""
    port: int
    pid: int
    """Whose CPU, and whose children's, is read."""
    clips: list[Clip]
    """Said in turn."""
    talkers: int = 1
    cycles: int = 2
    cycle_s: float = 6.0
    seed: int = 1
    """Of where in a cycle each talker begins."""
    options: dict[str, object] = field(default_factory=dict)
    """Of the wire."""


@dataclass(frozen=True, slots=True)
class Block:
    """What came of it."""

    talkers: int
    server_cpu_s: float
    """Over the whole block, to the last answer."""
    speech_s: float
    """That was spoken, all talkers together, without any silence."""
    late_ms: Summary | None
    """How late the talkers themselves were with their frames."""
    void: str | None
    utterances: list[Utterance]


def order_of(text: str) -> Order:
    """An order from its JSON. Raises `pydantic.ValidationError`."""
    return TypeAdapter(Order).validate_json(text)


def block_of(text: str) -> Block:
    """A block from its JSON."""
    return TypeAdapter(Block).validate_json(text)


def told(message: Order | Block) -> str:
    """One line of JSON."""
    return json.dumps(asdict(message))
