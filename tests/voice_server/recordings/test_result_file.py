"""Results in their files: line by line, or when all is known; and files that cannot be."""

import json
from pathlib import Path

import pytest

from voice_server.recordings.audio_file import AudioFileError
from voice_server.recordings.result_file import result, target
from voice_server.recordings.subtitles import Format, Passage

pytestmark = pytest.mark.engine

HELLO = Passage(0, 900, "Hello.")


@pytest.mark.parametrize(("format", "there"), [("text", True), ("jsonl", True), ("srt", False)])
def test_a_line_is_there_before_the_next_is_known(
    tmp_path: Path, format: Format, there: bool
) -> None:
    file = tmp_path / "new" / "result"
    with result(format, file) as take:
        take(HELLO)
        assert ("Hello." in file.read_text()) is there
    assert "Hello." in file.read_text()


def test_each_line_of_json_is_a_passage(tmp_path: Path) -> None:
    with result("jsonl", tmp_path / "result") as take:
        take(HELLO)
        take(Passage(1000, 1900, "Servus.", language="de"))
    lines = [json.loads(line) for line in (tmp_path / "result").read_text().splitlines()]
    assert [(line["start"], line["text"], line["language"]) for line in lines] == [
        (0.0, "Hello.", "en"),
        (1.0, "Servus.", "de"),
    ]


def test_what_failed_meanwhile_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError), result("text", tmp_path / "result"):
        raise ConnectionResetError


@pytest.mark.parametrize("path", ["/dev/full", "/proc/none/result"])
def test_a_file_that_cannot_be_written_is_named(path: str) -> None:
    expected = pytest.raises(AudioFileError, match=f"{path} cannot be written")
    with expected, result("text", Path(path)) as take:
        take(HELLO)


def test_the_name_comes_from_the_recording(tmp_path: Path) -> None:
    def name(path: str) -> str:
        file = target(path, "jsonl", tmp_path, alone=False)
        assert file is not None
        return file.name

    assert name("folder/talk.wav") == "talk.jsonl"
    assert name("-") == "stdin.jsonl"
    assert name("https://radio.example/shows/talk%20two.mp3?token=1") == "talk two.jsonl"
    assert name("https://radio.example/") == "radio.jsonl"
