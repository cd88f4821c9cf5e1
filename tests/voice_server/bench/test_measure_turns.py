"""The whole measurement, on two clips."""

import pytest

from tests.support.clip_set import clip_set
from voice_server.bench.measure_turns import Measurement, measure
from voice_server.settings import Settings

pytestmark = pytest.mark.story


def test_every_subject_is_measured() -> None:
    said: list[str] = []
    wanted = Measurement(Settings(), sweep=False, cancels=5)
    report = measure(wanted, clip_set(("short-001", "click-001")), said.append)
    assert [result.subject.name for result in report.results][:3] == [
        "adaptive",
        "adaptive, no speculation",
        "fixed 200 ms",
    ]
    assert "adaptive, no word times" in said
    assert report.cancelled is not None and report.cancelled.cancels == 5
    assert report.conditions["clips"] == "1 turns and 1 sounds over a reply, seed 1"
    assert report.conditions["floor"].startswith("310 ms of engines one after another, begun after")
