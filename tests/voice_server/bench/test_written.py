"""A report becomes three files."""

import json
from pathlib import Path

import pytest

from voice_server.bench.report import Report
from voice_server.bench.run import ADAPTIVE, Result
from voice_server.bench.written import write

pytestmark = pytest.mark.pure


def test_three_files(tmp_path: Path) -> None:
    report = Report({"clips": "none"}, [Result(ADAPTIVE, (), ())])
    write(report, tmp_path / "deep" / "er")
    folder = tmp_path / "deep" / "er"
    assert sorted(path.name for path in folder.iterdir()) == ["turns.json", "turns.md", "turns.svg"]
    assert json.loads((folder / "turns.json").read_text())["conditions"] == {"clips": "none"}
    assert (folder / "turns.md").read_text() == report.markdown()
