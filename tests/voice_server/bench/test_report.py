"""The report says what was measured, in three forms."""

import json
from xml.etree import ElementTree

import pytest

from tests.voice_server.bench.logs import final, floor_clip, log_of, turn_clip
from voice_server import events as ev
from voice_server.bench.cancels import Cancelled
from voice_server.bench.outcomes import floor_outcome, turn_outcome
from voice_server.bench.report import Report
from voice_server.bench.run import ADAPTIVE, Result, fixed

pytestmark = pytest.mark.pure


def report() -> Report:
    cut = log_of(turn_clip(), [(1000.0, ev.SpeechStopped(1, 900)), (1001.0, final(1, "hello"))])
    stop = log_of(floor_clip("backchannel"), [(2100.0, ev.PlaybackStopped(1, "barge_in"))])
    ours = Result(ADAPTIVE, (turn_outcome(cut),), (floor_outcome(stop),))
    theirs = Result(fixed(500), (turn_outcome(log_of(turn_clip(), [])),), ())
    return Report({"clips": "two"}, [ours, theirs], Cancelled(10, 8, 0))


def test_the_tables_name_conditions_subjects_and_shares() -> None:
    text = report().markdown()
    assert "- clips: two" in text
    assert "| turns cut off " in text and "100.0 % (1/1)" in text
    assert "| fixed 500 ms" in text
    assert "10 cancels at random moments stopped 8 replies after their first audio: 0 bytes" in text


def test_every_row_of_a_table_has_the_same_width() -> None:
    for table in report().markdown().split("\n\n"):
        if table.startswith("|"):
            assert len({len(line) for line in table.splitlines()}) == 1


def test_the_plain_form_is_json() -> None:
    plain = json.loads(json.dumps(report().plain()))
    ours = plain["subjects"]["adaptive"]
    assert ours["turns"]["cut_off"] == {"count": 1, "of": 1}
    assert ours["clips"]["backchannel"]["stopped"] is True
    assert plain["cancelled"]["late_bytes"] == 0


def test_the_curve_is_svg() -> None:
    assert ElementTree.fromstring(report().svg()).tag.endswith("svg")
