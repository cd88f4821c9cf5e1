"""The tables: every server a row, misses and void blocks included."""

import json
from xml.etree import ElementTree

import pytest

from scripts.bench_peers.agents import AGENTS, Judged
from scripts.bench_peers.heard import Clip, Utterance
from scripts.bench_peers.orders import Block
from scripts.bench_peers.recognition import Measured, Subject
from scripts.bench_peers.report import Report, agent_row, hearing_row
from scripts.bench_peers.servers import SETUPS
from voice_server.bench.load.orders import Block as LoadBlock
from voice_server.bench.load.orders import Order, Session

pytestmark = pytest.mark.pure

CLIP = Clip("turn off", "a.wav", 0.5, 1.5, [("turn", 1.0), ("off", 1.5)])
NOISE = Clip("", "noise.wav", 0.0, 20.0)
SAID = Utterance(0, [(0.9, "turn", False), (1.7, "turn off", True)])
INVENTED = Utterance(0, [(3.0, "thank you", False), (4.0, "", False)])


def measured() -> Measured:
    blocks = [Block(1, 0.5, 1.0, None, None, [SAID]), Block(2, 1.0, 2.0, None, "late", [SAID] * 2)]
    noise = [Block(1, 0.5, 20.0, None, None, [INVENTED])]
    return Measured([CLIP], [NOISE], [Subject(SETUPS[0], 1, 1, blocks, noise)])


def agent() -> Judged:
    order = Order(1, 1, talkers=1, every_s=4.0, warm_s=0.0, seconds=4.0)
    heard = Session(1.0, [(2.0, 640)], [], 0.0)
    answers = LoadBlock(order, 4.0, 0.1, 0, 0, 0.0, None, None, 1.5, 0, [heard])
    silent = LoadBlock(order, 10.0, 0.2, 0, 0, 0.0, None, None, 1.5, 0, [heard])
    return Judged(AGENTS[0], order, [silent], [answers], [])


def test_a_recognisers_row_has_every_figure() -> None:
    found = measured()
    cells = hearing_row(found, found.subjects[0])
    expected = [
        "400 ms (400)",
        "-100 ms (200)",
        "200 ms (200)",
        "200 ms",
        "0.50",
        "1",
        "0.0 %",
        "0 %",
    ]
    assert cells[1:9] == expected
    assert cells[9] == "0 (2 at times)"


def test_an_agents_row_tells_what_the_script_does_not_explain() -> None:
    assert agent_row(agent())[1:] == ["2.00 %", "500 ms", "320 ms", "-", "-"]


def test_the_report_has_both_tables_and_the_void_blocks() -> None:
    report = Report({"machine": "two cores"}, measured(), measured(), [agent()])
    text = report.markdown()
    assert "Recognition" in text
    assert "true shape" in text
    assert "Whole agents" in text
    assert "2 talkers: late" in text
    assert SETUPS[0].how in text


def test_every_raw_number_is_in_the_json() -> None:
    report = Report({}, measured(), None, [agent()])
    plain = json.loads(json.dumps(report.plain()))
    assert plain["hearing"]["subjects"][0]["blocks"][0]["server_cpu_s"] == 0.5
    assert plain["agents"][0]["delays_ms"] == [500.0]


def test_a_report_may_lack_any_part() -> None:
    empty = Report({}, None, None, [])
    assert "Void blocks" in empty.markdown()
    assert empty.svg().startswith("<svg")
    assert empty.plain()["hearing"] is None


def test_the_plot_is_a_drawing() -> None:
    assert ElementTree.fromstring(Report({}, measured(), None, []).svg()).tag.endswith("svg")
