"""Integrity: a file is what it should be, to the last byte, by either kind of digest."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from models.integrity import cached_digest, is_intact, listed_digests, noted_digest

pytestmark = pytest.mark.pure

DATA = b"weights" * 1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(DATA)
    return path


def test_large_files_have_a_sha256(file: Path) -> None:
    digest = hashlib.sha256(DATA).hexdigest()
    assert is_intact(file, digest) is True
    file.write_bytes(DATA[:-1] + b"?")
    assert is_intact(file, digest) is False


def test_small_files_have_the_name_that_git_gives_them(file: Path) -> None:
    hashed = subprocess.run(["git", "hash-object", file], capture_output=True, check=True)
    assert is_intact(file, hashed.stdout.decode().strip()) is True
    assert is_intact(file, "0" * 40) is False


def test_other_digests_say_nothing(file: Path) -> None:
    assert is_intact(file, "W/abc") is None


def test_the_cache_names_its_files_by_digest(file: Path) -> None:
    blob = file.parent / "blobs" / "d1gest"
    blob.parent.mkdir()
    file.rename(blob)
    file.symlink_to(blob)
    assert cached_digest(file) == "d1gest"
    assert cached_digest(Path(__file__)) is None


def test_a_note_without_a_digest_is_no_note(tmp_path: Path) -> None:
    assert noted_digest(tmp_path, "a.onnx") is None
    note = tmp_path / ".cache" / "huggingface" / "download" / "a.onnx.metadata"
    note.parent.mkdir(parents=True)
    note.write_text("commit\nd1gest\n1.0\n")
    assert noted_digest(tmp_path, "a.onnx") == "d1gest"
    note.write_text("broken")
    assert noted_digest(tmp_path, "a.onnx") is None


def test_a_model_of_ours_lists_its_files(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"files": {"model.bin": {"sha256": "ab"}}}')
    assert listed_digests(tmp_path) == {"model.bin": "ab"}
