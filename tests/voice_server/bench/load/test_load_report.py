"""The report of a load run: medians of what is valid, void blocks told, nothing hidden."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from voice_server.bench.load.ageing import Aged, AgeOrder, AgeRound
from voice_server.bench.load.load_report import LoadReport
from voice_server.bench.load.null_tier import Measured, Plan
from voice_server.bench.load.orders import Block, Order, Session

pytestmark = pytest.mark.pure


def costing(cpu_s: float, sessions: int, void: str | None = None) -> Block:
    """A block of one second."""
    order = Order(port=1, pid=1, sessions=sessions, seconds=1)
    heard = [Session(4.0, [(0.0, 6400), (0.1, 6400)], [], 0.0) for _ in range(sessions)]
    after = 1024 * 100 * sessions
    return Block(order, 1.0, cpu_s, 0, after, 0.1, None, void, 0.0, 0, heard)


def report() -> LoadReport:
    listening = [costing(0.1, 10), costing(0.9, 10, void="late"), costing(0.2, 20)]
    measured = Measured(Plan(sizes=(10, 20)), {"listening": listening, "speaking": listening})
    measured.blocks["bare echo"] = [costing(0.05, 10), costing(0.1, 20)]
    measured.fresh_bytes = {"listening": 0, "speaking": 0}
    measured.relayed_ms = {1: [0.25, 0.75]}
    return LoadReport({"machine": "a test"}, measured)


def row(name: str) -> list[str]:
    lines = [line for line in report().markdown().splitlines() if line.startswith(f"| {name}")]
    return [cell.strip() for cell in lines[0].strip("|").split("|")][1:]


def test_costs_are_medians_of_valid_blocks_and_grow() -> None:
    assert row("CPU, listening (% of a core") == ["1.000", "1.000", "N^1.00"]
    assert row("listening / bare echo")[0] == "2.0 × (2.0 to 2.0)"
    assert row("CPU, idle") == ["void", "void", ""]


def test_memory_connecting_and_playback() -> None:
    assert row("memory, listening")[:2] == ["100", "100"]
    assert row("connecting")[0] == "4.0 / 4.0"
    assert row("least audio ahead")[0] == "100"
    assert row("playback ran dry")[0] == "0"


def test_tokens_and_void_blocks_are_told() -> None:
    assert row("through the server, 1 at once")[:2] == ["2", "0.25 ms"]
    assert row("read directly") == ["0", "-", "-", "-"]
    assert "- listening, 10 sessions: late" in report().markdown()


def test_every_block_is_in_the_json() -> None:
    plain = json.loads(json.dumps(report().plain()))
    assert [block["void"] for block in plain["blocks"]["listening"]] == [None, "late", None]
    assert plain["blocks"]["bare echo"][0]["cpu_percent"] == pytest.approx(0.5)


def test_unanswered_turns_are_counted() -> None:
    made = report()
    silent = costing(0.1, 10)
    order = replace(silent.order, talkers=2, speech="x", every_s=1.0)
    made.measured.blocks["turns"] = [replace(silent, order=order, speech_ends_s=0.5)]
    assert "-, 4 unanswered" in made.markdown()


def test_old_sessions_are_compared_with_young_ones() -> None:
    made = report()
    rounds = [AgeRound(2.0, 2.02, None), AgeRound(2.0, 1.98, None), AgeRound(1.0, 9.0, "late")]
    asked = AgeOrder(Order(port=1, pid=1, sessions=4), minutes=60)
    made.measured.aged = Aged(asked, 1024 * 100, 1024 * 108, rounds)
    assert "2 of 3 rounds valid: processor time costs 1.000 ×" in made.markdown()
    assert "has grown by 2 KiB" in made.markdown()
    made.measured.aged = Aged(asked, 0, 0, rounds[2:])
    assert "0 of 1 rounds valid: processor time is unknown" in made.markdown()


def test_what_was_not_measured_is_not_told() -> None:
    asked = AgeOrder(Order(port=1, pid=1))
    only_age = LoadReport({}, Measured(Plan(), aged=Aged(asked, 0, 0, [])))
    assert "| sessions" not in only_age.markdown()
    assert "Tokens" not in only_age.markdown()
    assert "## Minute 60" in only_age.markdown()
    turns = LoadReport({}, Measured(Plan(sizes=(10,)), {"turns": [costing(0.1, 10)]}))
    assert "| sessions" in turns.markdown()


def test_the_plot_has_a_dot_per_size() -> None:
    root = ElementTree.fromstring(report().svg())
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 6
