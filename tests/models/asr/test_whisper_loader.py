"""Every way in which a model folder can be wrong is named, and so is the remedy."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from models.asr.acoustics import acoustics
from models.asr.whisper_loader import find_folder, load_decoder, warm_up_audio
from models.asr.whisper_window import WindowPolicy
from models.errors import ModelError

pytestmark = pytest.mark.engine

BUNDLED = Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"


def load(path_or_name: str) -> None:
    load_decoder(
        path_or_name,
        WindowPolicy("short"),
        device="cpu",
        compute_type="auto",
        cpu_threads=1,
        workers=1,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUNDLED, tmp_path / "model"))


def test_the_bundled_model_loads(folder: Path) -> None:
    load(str(folder))


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"lacks {name}.*Fetch the model again"):
        load(str(folder))


@pytest.mark.parametrize("bytes_left", [0, 100, 1_000_000, 6_000_000])
def test_truncated_weights(folder: Path, bytes_left: int) -> None:
    with (folder / "model.bin").open("r+b") as weights:
        weights.truncate(bytes_left)
    with pytest.raises(ModelError, match=r"not a usable Whisper model.*Fetch the model again"):
        load(str(folder))


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "vocabulary.json", "preprocessor_config.json"]
)
def test_damaged_json_is_named(folder: Path, name: str) -> None:
    (folder / name).write_text('{"half": ')
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        load(str(folder))


def without_start(folder: Path) -> None:
    file = folder / "tokenizer.json"
    file.write_text(file.read_text().replace("<|startoftranscript|>", "<|other|>"))


def with_more_mels(folder: Path) -> None:
    (folder / "preprocessor_config.json").write_text('{"feature_size": 128}')


def with_a_list(folder: Path) -> None:
    (folder / "preprocessor_config.json").write_text("[]")


def with_foreign_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"type": "Foreign"}}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_start, "tokenizer.json lacks <|startoftranscript|>"),
        (with_more_mels, "preprocessor_config.json does not fit the model"),
        (with_a_list, "preprocessor_config.json is of the wrong kind"),
        (with_foreign_tokenizer, "tokenizer.json is of the wrong kind"),
    ],
)
def test_files_of_the_wrong_kind(folder: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(folder)
    with pytest.raises(ModelError) as raised:
        load(str(folder))
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("voice.onnx", "Piper voice"),
        ("model.safetensors", "ct2-transformers-converter"),
        ("notes.txt", "Fetch the model again"),
    ],
)
def test_other_folders_get_advice(tmp_path: Path, name: str, advice: str) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(ModelError, match=advice):
        load(str(tmp_path))


def test_a_voice_file_belongs_elsewhere(tmp_path: Path) -> None:
    voice = tmp_path / "voice.onnx"
    voice.write_text("")
    with pytest.raises(ModelError, match="belongs to --tts"):
        load(str(voice))


def test_no_such_folder(tmp_path: Path) -> None:
    for path in (str(tmp_path / "nowhere"), "./nowhere"):
        with pytest.raises(ModelError, match="There is no model folder"):
            load(path)


@pytest.mark.parametrize("name", ["small", "somebody/whisper-of-theirs"])
def test_a_model_that_was_never_fetched(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=f"{name} is not on this machine"):
        find_folder(name)


def test_warming_up_reaches_the_model() -> None:
    assert acoustics(warm_up_audio()).audible
