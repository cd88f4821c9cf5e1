"""The command line of the training."""

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from .plan import FULL, SMOKE
from .run import Run

OUT = Path("build/bundled-asr")


def main() -> int:
    """Read the command line and run. Returns the exit status."""
    options = parse()
    plan = SMOKE if options.smoke else FULL.scaled(options.scale)
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, {options.threads} threads\n{plan}", flush=True)
    if options.smoke and options.out is None:
        with TemporaryDirectory() as folder:
            Run(Path(folder), plan).all_phases()
    else:
        Run(options.out or OUT, plan).all_phases()
    return 0


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="train_bundled_asr", description="Train the bundled recogniser from nothing."
    )
    parser.add_argument("--smoke", action="store_true", help="every phase, tiny, in a minute")
    parser.add_argument("--out", type=Path, help=f"where to work and resume (default {OUT})")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of the full plan's speech and steps"
    )
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="threads for PyTorch (default all)"
    )
    return parser.parse_args()
