"""The command: options, one clip after another, the index last."""

import argparse
from collections import Counter
from pathlib import Path

import soundfile

from audio.formats import Codec
from voice_server.bench.clips import Clip, ClipSet, write_index

from .build import build
from .plan import recipes

OUT = Path(__file__).parents[2] / ".cache" / "turn-clips"


def main() -> int:
    """Read the command line and make the clips. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="make_turn_clips", description="Make labelled turns.")
    parser.add_argument("--out", type=Path, default=OUT, help="folder (default .cache/turn-clips)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, help="make only every so-manyth clip, this many")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    planned = recipes(options.seed)
    step = max(1, len(planned) // options.limit) if options.limit else 1
    made = []
    for recipe in planned[::step][: options.limit]:
        samples, clip = build(recipe)
        subtype = "ULAW" if clip.format.codec is Codec.PCMU else "PCM_16"
        path = options.out / f"{clip.name}.wav"
        soundfile.write(path, samples, clip.format.rate, subtype=subtype)
        made.append(clip)
    write_index(ClipSet(options.seed, tuple(made)), options.out)
    print(_summary(made), f"in {options.out}", sep="\n")
    return 0


def _summary(clips: list[Clip]) -> str:
    scenes = Counter(clip.scene for clip in clips)
    counts = ", ".join(f"{count} {scene}" for scene, count in scenes.items())
    return f"{len(clips)} clips: {counts}"
