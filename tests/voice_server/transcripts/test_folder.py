"""Whole lines or none, for nobody else to read, and not for ever (R-25)."""

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voice_server.settings import SettingsError, TranscriptSettings
from voice_server.transcripts.folder import TranscriptFolder

pytestmark = pytest.mark.pure

TODAY = "2026-11-21"


def made(directory: Path, **changes: object) -> TranscriptFolder:
    settings = TranscriptSettings.model_validate({"free_bytes_min": 0, **changes})
    folder = TranscriptFolder(directory, settings)
    folder.prepare()
    return folder


@contextmanager
def files_end_at(bytes_max: int) -> Iterator[None]:
    """As on a disk that becomes full in the middle of a line."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("fsync", [False, True])
def test_lines_follow_each_other(tmp_path: Path, fsync: bool) -> None:
    folder = made(tmp_path / "deep" / "down", fsync=fsync)
    folder.append(TODAY, "ses_1", b"one\n")
    folder.append(TODAY, "ses_1", b"two\nthree\n")
    folder.append(TODAY, "ses_2", b"other\n")
    day = tmp_path / "deep" / "down" / TODAY
    assert (day / "ses_1.jsonl").read_bytes() == b"one\ntwo\nthree\n"
    assert (day / "ses_2.jsonl").read_bytes() == b"other\n"


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made(tmp_path / "kept").append(TODAY, "ses_1", b"one\n")
    finally:
        os.umask(before)
    day = tmp_path / "kept" / TODAY
    modes = [path.stat().st_mode & 0o777 for path in (day.parent, day, day / "ses_1.jsonl")]
    assert modes == [0o700, 0o700, 0o600]


def test_a_disk_that_becomes_full_gets_no_half_line(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.append(TODAY, "ses_1", b"x" * 999 + b"\n")
    file = tmp_path / TODAY / "ses_1.jsonl"
    with files_end_at(1500), pytest.raises(OSError, match="too large"):
        folder.append(TODAY, "ses_1", b"y" * 999 + b"\n")
    assert file.read_bytes() == b"x" * 999 + b"\n"
    folder.append(TODAY, "ses_1", b"z\n")
    assert file.read_bytes().endswith(b"x\nz\n")


def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path: Path) -> None:
    folder = made(tmp_path, free_bytes_min=shutil.disk_usage(tmp_path).total + 1)
    with pytest.raises(OSError, match="free_bytes_min"):
        folder.append(TODAY, "ses_1", b"one\n")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / TODAY).mkdir()
    (tmp_path / TODAY / "ses_1.jsonl").symlink_to("/dev/full")
    with pytest.raises(OSError, match="symbolic links"):
        made(tmp_path).append(TODAY, "ses_1", b"one\n")


def test_old_days_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    folder = made(tmp_path, retention_days=30)
    for day in ("2025-01-01", "2026-10-21", "2026-10-22", TODAY):
        folder.append(day, "ses_1", b"one\n")
    (tmp_path / "2026-10-21" / "notes.txt").write_text("somebody else's")
    (tmp_path / "not a day").mkdir()
    assert folder.sweep(TODAY) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-10-21",
        "2026-10-22",
        TODAY,
        "not a day",
    ]
    assert [path.name for path in (tmp_path / "2026-10-21").iterdir()] == ["notes.txt"]


def test_a_folder_that_cannot_be_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"transcripts\.directory"):
        made(tmp_path / "file" / "kept")
