"""Who says which clip when, decided beforehand from the order alone. Pure.

The generator sends by this plan and whoever judges what was heard reads the same one, so that it
need not be told.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio import SAMPLE_RATE, Samples
from voice_server.bench.load.orders import Order
from voice_server.bench.load.schedule import FRAME_S

ANSWER_S = 1.5
"""What nobody has this long to answer before the end is not said."""
LEAD_S = 0.5
"""Silence before the first clip."""
_JITTER = 0.25
_FRAME_SAMPLES = int(FRAME_S * SAMPLE_RATE)


@dataclass(frozen=True, slots=True)
class Said:
    """One clip, and when its first sample leaves, in seconds since the session's first frame."""

    clip: int
    begins_s: float


def packed(samples: Samples) -> str:
    """A clip as an order carries it."""
    return base64.b64encode(samples.astype("<i2").tobytes()).decode()


def unpacked(clip: str) -> Samples:
    """The samples again, shape (n,), at 16 kHz."""
    return np.frombuffer(base64.b64decode(clip), "<i2").astype(np.int16)


def script(order: Order) -> list[list[Said]]:
    """What each talker says: clips in turn, with pauses, until the measurement ends."""
    lengths_s = [len(unpacked(clip)) / SAMPLE_RATE for clip in order.clips]
    return [_lines(order, talker, lengths_s) for talker in range(order.talkers)]


def _lines(order: Order, talker: int, lengths_s: Sequence[float]) -> list[Said]:
    random = np.random.default_rng([order.seed, talker])
    together = order.arrivals == "together"
    at = _whole(LEAD_S + (0.0 if together else random.uniform(0, order.pause_s)))
    clip, lines = talker % len(lengths_s), list[Said]()
    while (ends := at + lengths_s[clip]) + ANSWER_S <= order.warm_s + order.seconds:
        lines.append(Said(clip, at))
        pause = 1.0 if together else random.uniform(1 - _JITTER, 1 + _JITTER)
        at = _whole(ends + order.pause_s * pause)
        clip = (clip + 1) % len(lengths_s)
    return lines


def _whole(seconds: float) -> float:
    """Clips begin where a frame does."""
    return round(seconds / FRAME_S) * FRAME_S


def talk_frames(order: Order, lines: Sequence[Said]) -> dict[int, Samples]:
    """The frames of 20 ms in which somebody talks, by number."""
    found: dict[int, Samples] = {}
    for said in lines:
        samples, first = unpacked(order.clips[said.clip]), round(said.begins_s / FRAME_S)
        for number, start in enumerate(range(0, len(samples), _FRAME_SAMPLES), first):
            piece = samples[start : start + _FRAME_SAMPLES]
            found[number] = np.pad(piece, (0, _FRAME_SAMPLES - len(piece)))
    return found
