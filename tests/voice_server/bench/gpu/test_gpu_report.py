"""The report: nothing is left out, in either form."""

import json

import pytest

from voice_server.bench.gpu.gpu_report import GpuReport

pytestmark = pytest.mark.pure


def test_everything_is_written() -> None:
    report = GpuReport("On one GPU", {"gpu": "H200"}, ["First this.", "Then that."])
    report.decodes += [
        {"compute_type": "float16", "audio_ms": 4000, "rows": 8, "median_ms": 12.345},
        {"compute_type": "float16", "error": "out of memory"},
    ]
    report.talkers.append({"talkers": 64, "final_p95_ms": 251.7, "in_time": True})
    report.replies = {"first_token_ms": {"median": 21.04, "p95": None}}
    report.skipped.append("No cuDNN.")
    written = report.as_markdown()
    for part in (
        "# On one GPU",
        "- gpu: H200",
        "- Then that.",
        "| float16 | 4000 | 8 | 12.3 | - | - | - |",
        "- out of memory",
        "| - | 64 | - | - | 252 | - | - | yes |",
        "- first token ms, median: 21",
        "- first token ms, p95: -",
        "## Not measured\n\n- No cuDNN.",
    ):
        assert part in written, part
    assert json.loads(report.as_json())["decodes"][1]["error"] == "out of memory"


def test_what_was_not_measured_has_no_heading() -> None:
    assert "##" not in GpuReport("t", {}, []).as_markdown().replace("## Steps", "")
