"""The whole command, as short as it can be: a model, a server, talkers, three forms of report."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from voice_server.bench.asr.measure import every_sentence, long_speech
from voice_server.bench.asr.speech import SENTENCES, spoken
from voice_server.bench.command import bench_commands

pytestmark = pytest.mark.socket

BRIEF = ("--model", "bundled", "--rounds", "0", "--talkers", "1", "--seconds", "4.5")


def test_the_command_measures_and_writes_its_report(tmp_path: Path) -> None:
    options = (*BRIEF, "--minutes", "0", "--sentences", "1", "-o", str(tmp_path))
    done = CliRunner().invoke(bench_commands, ["asr", *options])
    assert done.exit_code == 0, done.output
    assert "word spoken → committed" in done.stdout
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["asr-first-words.svg", "asr.json", "asr.md", "asr.svg"]
    told = json.loads((tmp_path / "asr.json").read_text())["models"]["bundled"]
    assert told["offline_errors"] == [0]
    assert [score["error"] for score in told["alone"]["scores"]] != []


def test_a_model_that_is_not_here_is_named() -> None:
    done = CliRunner().invoke(bench_commands, ["asr", "--model", "./nothing"])
    assert done.exit_code == 2
    assert "nothing" in done.output


def test_there_is_time_for_every_sentence_and_speech_for_an_utterance() -> None:
    speeches = [spoken(text) for text in SENTENCES[:2]]
    assert every_sentence(speeches) > 2 * 2.5
    assert len(long_speech(speeches)) > 12 * 16_000
