"""Transcribing files: where results go, and a bar on stderr that does not get into them."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio import SAMPLE_RATE
from tests.support.speech import say
from voice_server.recordings.audio_file import AudioFileError
from voice_server.recordings.transcribe_files import transcribe_files
from voice_server.settings import Settings, load

pytestmark = pytest.mark.engine

SENTENCES = ("The window is open.", "Stop the alarm.")


@pytest.fixture(scope="module")
def settings() -> Settings:
    engines = ["asr.engine=bundled", "llm.engine=scripted", "tts.engine=scripted"]
    return load(None, ["models.offline=true", *engines])


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [tmp_path / "first.wav", tmp_path / "second.flac"]
    for path, text in zip(paths, SENTENCES, strict=True):
        soundfile.write(path, say(text), SAMPLE_RATE)
    return [str(path) for path in paths]


async def test_one_file_goes_to_stdout_alone(
    files: list[str], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await transcribe_files(files[:1], "text", None, settings)
    out, err = capsys.readouterr()
    assert out == "The window is open.\n"
    assert "first.wav" in err
    assert "100%" in err


async def test_one_file_goes_where_it_is_told(
    files: list[str], settings: Settings, tmp_path: Path
) -> None:
    await transcribe_files(files[:1], "json", tmp_path / "new" / "a.json", settings)
    assert json.loads((tmp_path / "new" / "a.json").read_text())["text"] == SENTENCES[0]


async def test_several_files_go_into_a_folder(
    files: list[str], settings: Settings, tmp_path: Path
) -> None:
    await transcribe_files(files, "vtt", tmp_path / "out", settings)
    for name, text in zip(("first.vtt", "second.vtt"), SENTENCES, strict=True):
        content = (tmp_path / "out" / name).read_text()
        assert content.startswith("WEBVTT\n")
        assert text in content


async def test_several_files_need_a_folder(files: list[str], settings: Settings) -> None:
    with pytest.raises(AudioFileError, match="add -o FOLDER"):
        await transcribe_files(files, "text", None, settings)


async def test_a_file_that_is_not_there_is_named_before_any_model_is_loaded(
    files: list[str], tmp_path: Path
) -> None:
    deaf = load(None, ["models.offline=true", "asr.engine=large-v3", "llm.engine=scripted"])
    with pytest.raises(AudioFileError, match=r"missing\.wav cannot be opened"):
        await transcribe_files([files[0], str(tmp_path / "missing.wav")], "text", tmp_path, deaf)


async def test_a_silent_file_is_an_empty_text(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(SAMPLE_RATE, np.int16), SAMPLE_RATE)
    await transcribe_files([str(tmp_path / "a.wav")], "text", None, settings)
    assert capsys.readouterr().out == ""


async def test_a_result_that_cannot_be_written_is_named(
    files: list[str], settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AudioFileError, match="cannot be written"):
        await transcribe_files(files[:1], "text", tmp_path / "file" / "a.txt", settings)
