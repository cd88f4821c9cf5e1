"""Usage: scripts/bench-peers [--only NAME]... [--rounds N] [--quick] [--out FOLDER]."""

import argparse
import os
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from models.hub import bundled_asr
from scripts.bench_peers import agents, recognition
from scripts.bench_peers.recognition import LOADS, Measured, Plan
from scripts.bench_peers.report import Report
from scripts.bench_peers.servers import SETUPS
from voice_server.bench.asr.chain_whisper import TINY, save_chain_whisper
from voice_server.bench.asr.speech import SENTENCES
from voice_server.bench.conditions import machine
from voice_server.bench.written import write


def main() -> None:
    """Measure, print the tables, write the files."""
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))  # ends the servers, too
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("two cores are needed: one for the servers, one for the talkers")
    found = machine() | {"began": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"}
    with tempfile.TemporaryDirectory() as folder:
        heard = hearing(asked, Path(folder))
    write(Report(found, heard, []), asked.out, "peers")
    report = Report(found, heard, judged(asked))
    write(report, asked.out, "peers")
    print(report.markdown())


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench-peers", description=__doc__)
    parser.add_argument("environments", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", action="append", help="servers whose names begin so")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sentences", type=int, default=6)
    parser.add_argument("--quick", action="store_true", help="no noise, four talkers at most")
    parser.add_argument("--no-agents", action="store_true", help="recognition alone")
    parser.add_argument("--no-recognition", action="store_true", help="whole agents alone")
    parser.add_argument("--out", type=Path, default=Path(".cache/bench-peers/report"))
    return parser.parse_args()


def hearing(asked: argparse.Namespace, folder: Path) -> dict[str, Measured]:
    """With the bundled model, and, for what it costs, with one of true shape."""
    if asked.no_recognition:
        return {}
    chosen = [s for s in SETUPS if not asked.only or s.name.startswith(tuple(asked.only))]
    sentences = SENTENCES[: asked.sentences]
    loads = [load for load in LOADS if load <= 4 or not asked.quick]
    environments = asked.environments
    plan = Plan(
        environments, bundled_asr(), sentences, chosen, asked.rounds, 3, loads, not asked.quick
    )
    measured = {"bundled model": recognition.measure(plan, folder, progress)}
    if not asked.quick:
        tiny = save_chain_whisper(folder / "tiny", TINY)
        plan = Plan(environments, tiny, sentences, chosen, 1, 2, (), False)
        shape = "a model of tiny's true shape that always says the same (for its cost alone)"
        measured[shape] = recognition.measure(plan, folder, progress)
    return measured


def judged(asked: argparse.Namespace) -> list[agents.Judged]:
    """Whole agents, unless they are not wanted."""
    if asked.no_agents:
        return []
    return agents.measure(asked.environments, bundled_asr(), asked.rounds, progress)


def progress(text: str) -> None:
    """Say where we are."""
    print(text, file=sys.stderr, flush=True)


main()
