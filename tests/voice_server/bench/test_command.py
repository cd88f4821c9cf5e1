"""`voice-server bench turns` on the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.clip_set import clip_set
from voice_server.bench.command import bench_commands

pytestmark = pytest.mark.story


def test_it_prints_the_report_and_writes_it(tmp_path: Path) -> None:
    folder = clip_set(("short-001", "click-001")).folder
    options = ["--clips", str(folder), "--no-sweep", "--cancels", "0", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(bench_commands, ["turns", *options])
    assert done.exit_code == 0, done.output
    assert "# Turn-taking" in done.stdout
    assert (tmp_path / "out" / "turns.svg").is_file()


def test_without_clips_it_says_how_to_make_them(tmp_path: Path) -> None:
    done = CliRunner().invoke(bench_commands, ["turns", "--clips", str(tmp_path)])
    assert done.exit_code == 2
    assert "scripts/make_turn_clips" in done.stderr
