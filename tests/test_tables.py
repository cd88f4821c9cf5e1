"""REFERENCE.md says what the code says."""

import sys
from pathlib import Path

import pytest

from scripts import tables
from voice_server.closes import ErrorCode
from voice_server.settings import Settings

pytestmark = pytest.mark.pure


def _run(monkeypatch: pytest.MonkeyPatch, file: Path, *arguments: str) -> int:
    monkeypatch.setattr(tables, "REFERENCE", file)
    monkeypatch.setattr(sys, "argv", ["tables", *arguments])
    return tables.main()


def test_a_stale_file_is_refused_until_written_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "REFERENCE.md"
    assert _run(monkeypatch, file, "--check") == 1
    assert "run: scripts/tables" in capsys.readouterr().out
    assert _run(monkeypatch, file) == 0
    assert _run(monkeypatch, file, "--check") == 0
    file.write_text(file.read_text().replace("8080", "8081"))
    assert _run(monkeypatch, file, "--check") == 1


def test_an_unknown_option_gets_the_usage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, tmp_path / "REFERENCE.md", "--chekc") == 2
    assert "Usage: scripts/tables" in capsys.readouterr().out


def test_a_row_has_default_range_and_meaning() -> None:
    text = tables.reference()
    assert "| `turn.interrupt_onset_ms` | `30` | 10 – 1000 | Voice over a reply needed" in text
    assert "| `llm.temperature` | unset | 0 – 2 |  |" in text
    assert '| `turn.interrupt` | `"confirm"` | `confirm`, `instant`, `off` |' in text


@pytest.mark.parametrize("section", Settings.model_fields)
def test_every_section_has_its_table(section: str) -> None:
    assert f"\n### {section}\n" in tables.reference()


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_has_its_row(code: ErrorCode) -> None:
    assert f"\n| `{code}` | " in tables.reference()
