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
from scripts.bench_peers.servers import SETUPS, Setup
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
        heard, cost = hearing(asked, Path(folder)), costs(asked, Path(folder))
    write(Report(found, heard, cost, []), asked.out, "peers")
    report = Report(found, heard, cost, judged(asked))
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


def hearing(asked: argparse.Namespace, folder: Path) -> Measured | None:
    """With the bundled model: delays, talkers, words."""
    if asked.no_recognition:
        return None
    loads = [load for load in LOADS if load <= 4 or not asked.quick]
    plan = Plan(
        asked.environments,
        bundled_asr(),
        SENTENCES[: asked.sentences],
        chosen(asked),
        asked.rounds,
        loads=loads,
        noise=not asked.quick,
    )
    return recognition.measure(plan, folder, progress)


def costs(asked: argparse.Namespace, folder: Path) -> Measured | None:
    """With a model of true shape that always says the same."""
    if asked.no_recognition or asked.quick:
        return None
    tiny = save_chain_whisper(folder / "tiny", TINY)
    sentences = SENTENCES[: asked.sentences]
    plan = Plan(
        asked.environments, tiny, sentences, chosen(asked), 1, cycles=2, loads=(), noise=False
    )
    return recognition.measure(plan, folder, progress)


def chosen(asked: argparse.Namespace) -> list[Setup]:
    """The servers that are wanted; all, unless some are named."""
    return [s for s in SETUPS if not asked.only or s.name.startswith(tuple(asked.only))]


def judged(asked: argparse.Namespace) -> list[agents.Judged]:
    """Whole agents, unless they are not wanted."""
    if asked.no_agents:
        return []
    return agents.measure(asked.environments, bundled_asr(), asked.rounds, progress)


def progress(text: str) -> None:
    """Say where we are."""
    print(text, file=sys.stderr, flush=True)


main()
