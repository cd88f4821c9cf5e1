"""How much of everything a run does. Steps, not minutes: a run can be repeated.

`FULL` is meant for about ninety minutes on two cores; `SMOKE` only proves that every phase works.
"""

from dataclasses import asdict, dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `positions` is the size of a batch in encoder positions of 20 ms."""

    tokenizer_sentences: int = 60_000
    utterances: int = 76_000
    positions: int = 4_000
    encoder_steps: int = 5_500
    decoder_steps: int = 15_000
    joint_steps: int = 2_500
    encoder_rate: float = 1.2e-3
    decoder_rate: float = 1.5e-3
    joint_rate: float = 5e-4
    replay_batches: int = 700
    fresh_every: int = 3
    evaluated: int = 120
    seed: int = 2026

    def scaled(self, share: float) -> Self:
        """The same run with a share of the speech and of the steps."""
        counts = ("utterances", "encoder_steps", "decoder_steps", "joint_steps")
        values = asdict(self)
        return replace(self, **{name: max(1, round(values[name] * share)) for name in counts})


FULL = Plan()
SMOKE = Plan(
    tokenizer_sentences=5_000,
    utterances=300,
    positions=600,
    encoder_steps=8,
    decoder_steps=8,
    joint_steps=4,
    replay_batches=4,
    evaluated=3,
)
