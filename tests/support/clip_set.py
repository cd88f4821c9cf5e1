"""A handful of labelled clips, made once per test run."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import soundfile

from scripts.turn_clips.build import build
from scripts.turn_clips.plan import recipes
from voice_server.bench.clips import ClipSet, load_clips, write_index


@cache
def clip_set(names: Sequence[str]) -> ClipSet:
    """The clips of seed 1 with these names, in a folder of their own."""
    folder = Path(mkdtemp(prefix="clips-"))
    made = []
    for recipe in recipes(1):
        if recipe.name in names:
            samples, clip = build(recipe)
            soundfile.write(folder / f"{clip.name}.wav", samples, clip.format.rate)
            made.append(clip)
    write_index(ClipSet(1, tuple(made)), folder)
    return load_clips(folder)
