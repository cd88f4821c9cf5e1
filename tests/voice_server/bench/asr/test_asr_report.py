"""The report: medians of what was measured, nothing hidden, readable for people and machines."""

import json
from xml.etree import ElementTree

import pytest

from voice_server.bench.asr.asr_report import AsrReport
from voice_server.bench.asr.capacity import Load
from voice_server.bench.asr.captions import Score
from voice_server.bench.asr.costs import Cost
from voice_server.bench.asr.measure import Measured, Plan
from voice_server.bench.asr.talking import Heard

pytestmark = pytest.mark.pure


def report() -> AsrReport:
    scores = [Score(400, 210, [100, 300], [500], 1, 10, 0.1), Score(500, None, [200], [], 0, 10, 0)]
    costs = [Cost("a partial", [10, 12], [100, 120]), Cost("partials", [10, 10], [250])]
    loads = [Load(2, 9, 1, 950, 600, 0.2), Load(1, 4, 0, 450, 220, 0.3)]
    heard = Heard(1, scores, 0.25, None)
    one = Measured("bundled", True, costs, heard, loads, 1, [0.0, 0.1], {"fan": 0, "hum": 2})
    other = Measured("tiny-shape", False, costs, heard, [Load(1, 4, 0, 1, 1, 1, "late")], 0)
    return AsrReport({"machine": "a test"}, Plan(minutes=3), [one, other])


def row(name: str) -> list[str]:
    line = next(x for x in report().markdown().splitlines() if x.startswith(f"| {name} "))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_delays_are_medians_with_the_slowest_twentieth() -> None:
    assert row("speech begins → first words")[0] == "400 ms (500)"
    assert row("word spoken → shown") == ["200 ms (300)", "-"]
    assert row("speech ends → final")[0] == "210 ms (210), 1 missing"


def test_words_are_judged_only_where_they_mean_something() -> None:
    assert row("words shown that did not stay") == ["5.0 %", "-"]
    assert row("word errors") == ["5.0 %", "-"]
    assert row("… by `transcribe`, offline") == ["5.0 %", "-"]
    assert row("words invented") == ["2 in 3 min", "-"]


def test_costs_are_ratios() -> None:
    assert row("a partial")[0] == "11.0 ms, 10.0 × (10.0 to 10.0)"
    assert row("partials")[0] == "10.0 ms, 25.0 ×"


def test_every_load_that_was_tried_is_told() -> None:
    lines = report().markdown().splitlines()
    loads = [line.split("|")[2:-1] for line in lines if line.startswith("| bundled")]
    assert [[cell.strip() for cell in load] for load in loads] == [
        ["1", "4", "450 ms", "220 ms", "0.300", "held"],
        ["2", "9, 1 unanswered", "950 ms", "600 ms", "0.200", "too many"],
    ]
    assert "| late" in report().markdown()
    assert row("talkers held") == ["1 (of 32)", "0 (of 32)"]


def test_what_is_void_is_told() -> None:
    made = report()
    assert "void" not in made.markdown()
    late = Heard(1, [], 0.0, "the generator was late")
    void = AsrReport({}, Plan(), [Measured("bundled", True, alone=late), *made.measured[1:]])
    assert "| delays are void" in void.markdown()
    alone = AsrReport({}, Plan(), [Measured("bundled", True, alone=late)])
    assert "How many talkers" not in alone.markdown()
    assert "What it costs" not in alone.markdown()


def test_every_number_is_in_the_json() -> None:
    plain = json.loads(json.dumps(report().plain()))
    assert plain["models"]["bundled"]["costs"][0]["ours_ms"] == [10, 12]
    assert plain["plan"]["minutes"] == 3


@pytest.mark.parametrize("plot", [AsrReport.svg, AsrReport.first_words_svg])
def test_plots_have_a_dot_for_each_load(plot: object) -> None:
    drawn = plot(report())  # type: ignore[operator]
    dots = ElementTree.fromstring(drawn).findall("{http://www.w3.org/2000/svg}circle")
    assert len(dots) == 3
