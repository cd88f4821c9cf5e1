"""What clips there are, how many, and why.

Half of the turns have at least one pause on purpose, for those are what cuts people off, and each
place of a pause has enough clips for a rate of its own. Turns without one are needed for the delay.
Over a reply, what must end it and what must not are about equally many: a figure for one is worth
nothing without the other. Four in ten turns are not clean: noise, music, a second talker, or a
telephone. Nobody's true mix is known, so results are given per scene as well.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from voice_server.bench.clips import Kind

TURNS: Mapping[str, int] = {
    "plain": 56,
    "short": 20,
    "clause": 32,
    "phrase": 36,
    "number": 24,
    "filler": 24,
    "list": 20,
    "spelling": 20,
}
"""User turns with nobody else speaking, by scene: 232."""

OVER_REPLY: Mapping[Kind, int] = {
    "interruption": 60,
    "command": 40,
    "backchannel": 48,
    "cough": 24,
    "click": 10,
    "noise": 16,
    "music": 10,
    "echo": 20,
}
"""Sounds while the assistant speaks, by kind: 228."""

CONDITIONS = {"clean": 0.6, "noise": 0.15, "music": 0.06, "talker": 0.05, "telephone": 0.14}
"""Shares of the turns."""

DOUBLE_TALK_SHARE = 0.25
"""Of what is said over a reply: with the reply's echo in the microphone, too."""

VOICES = (
    "en-us", "en-us+m3", "en-us+f3", "en-us+f2", "en-us+m7", "en-gb", "en-gb+f1", "en-gb+m5",
    "en-gb-scotland", "en-us+f5", "en-gb-x-rp", "en-us+m1",
)  # fmt: skip

SPEED_MIN, SPEED_MAX = 0.85, 1.25
PAUSE_MS_MIN, PAUSE_MS_MAX = 150, 1200
SNR_DB_MIN, SNR_DB_MAX = 5, 20
ECHO_DB_MIN, ECHO_DB_MAX = -30, -6


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make one clip. Everything that chance decides is drawn from `seed`."""

    name: str
    kind: Kind
    scene: str
    condition: str
    over_reply: bool
    seed: tuple[int, int]
    text: str = ""
    voice: str = ""
    speed: float = 1.0


@cache
def texts() -> Mapping[str, list[str]]:
    """What is said, by scene."""
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


def recipes(seed: int) -> list[Recipe]:
    """All clips of one seed, in order."""
    rng = np.random.default_rng(seed)
    made = [_turn(scene, n, rng) for scene, count in TURNS.items() for n in range(count)]
    made += [_over(kind, n, rng) for kind, count in OVER_REPLY.items() for n in range(count)]
    return [_numbered(recipe, (seed, number)) for number, recipe in enumerate(made)]


def _turn(scene: str, number: int, rng: np.random.Generator) -> Recipe:
    condition = str(rng.choice(list(CONDITIONS), p=list(CONDITIONS.values())))
    return _spoken("turn", scene, condition, number, rng)


def _over(kind: Kind, number: int, rng: np.random.Generator) -> Recipe:
    if kind in texts():
        condition = "echo" if rng.random() < DOUBLE_TALK_SHARE else "clean"
        return _spoken(kind, kind, condition, number, rng)
    condition = "echo" if kind == "echo" else "clean"
    return Recipe(f"{kind}-{number:03}", kind, kind, condition, True, (0, 0))


def _spoken(
    kind: Kind, scene: str, condition: str, number: int, rng: np.random.Generator
) -> Recipe:
    choice = texts()[scene]
    return Recipe(
        name=f"{scene}-{number:03}",
        kind=kind,
        scene=scene,
        condition=condition,
        over_reply=kind != "turn",
        seed=(0, 0),
        text=choice[number % len(choice)],
        voice=str(rng.choice(VOICES)),
        speed=round(float(rng.uniform(SPEED_MIN, SPEED_MAX)), 2),
    )


def _numbered(recipe: Recipe, seed: tuple[int, int]) -> Recipe:
    return replace(recipe, seed=seed)
