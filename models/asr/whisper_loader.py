"""Finds a Whisper model on this machine, checks it, loads it, and says what is wrong.

Never reaches for the network: fetching is the catalogue's work. The files are checked one by one
because the engines' own messages do not name them, and a missing tokenizer would start a download.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from faster_whisper import WhisperModel, available_models, download_model

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionOptions
from models.asr.decoding import Task
from models.asr.whisper_decoder import WhisperDecoder
from models.asr.whisper_window import WindowPolicy
from models.errors import ModelError

_FILES = ("model.bin", "config.json", "tokenizer.json")
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
_REMEDY = "Fetch the model again, or name another one."
_CHECKPOINTS = ("model.safetensors", "pytorch_model.bin")
_HUB_ID = re.compile(r"\w[\w.-]*/[\w.-]+")
_TOKENS = ("<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>", "<|transcribe|>")


def load_decoder(
    path_or_name: str,
    policy: WindowPolicy,
    *,
    device: str,
    compute_type: str,
    cpu_threads: int,
    workers: int,
    device_index: int = 0,
) -> WhisperDecoder:
    """Load a model folder, or a model that was fetched before, and try it. Raises `ModelError`.

    Blocks for as long as reading the weights takes.
    """
    folder = find_folder(path_or_name)
    check_files(folder)
    try:
        model = WhisperModel(
            str(folder),
            device=device,
            device_index=device_index,
            compute_type=compute_type,
            cpu_threads=cpu_threads,
            num_workers=workers,
            local_files_only=True,
        )
        _check_features(folder, model)
        decoder = WhisperDecoder(model, policy)
        decoder.decode(Task(warm_up_audio(), 0, RecognitionOptions(language="en")))
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"{folder} is not a usable Whisper model ({error}). {_REMEDY}") from error
    return decoder


def warm_up_audio() -> Samples:
    """A second of noise in bursts, shape (16000,): enough like speech to be decoded by anyone."""
    noise = np.random.default_rng(0).normal(0, 3000, SAMPLE_RATE)
    return (noise * (np.arange(SAMPLE_RATE) // 3200 % 2)).astype(np.int16)


def find_folder(path_or_name: str) -> Path:
    """Return the folder of a model given by path, by size (`small`) or by hub id."""
    path = Path(path_or_name).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        what = "a Piper voice belongs to --tts" if path.suffix == ".onnx" else "name its folder"
        raise ModelError(f"{path} is a file, not a Whisper model folder: {what}.")
    if path_or_name not in available_models() and not _HUB_ID.fullmatch(path_or_name):
        raise ModelError(f"There is no model folder {path}, nor a Whisper model of that name.")
    try:
        return Path(download_model(path_or_name, local_files_only=True))
    except OSError as error:
        raise ModelError(
            f"The model {path_or_name} is not on this machine: fetch it first."
        ) from error


def check_files(folder: Path) -> None:
    """Raise `ModelError` where a file is missing, or is not what it should be."""
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in _VOCABULARIES):
        missing.append(_VOCABULARIES[0])
    if missing:
        raise ModelError(f"{folder} lacks {', '.join(missing)}. {_advice(folder)}")
    for name in ("config.json", "tokenizer.json", "vocabulary.json", "preprocessor_config.json"):
        if (folder / name).is_file():
            _check_json(folder / name)
    _check_tokenizer(folder / "tokenizer.json")


def _advice(folder: Path) -> str:
    if any(folder.glob("*.onnx")):
        return "It holds a Piper voice, which belongs to --tts."
    if any((folder / name).is_file() for name in _CHECKPOINTS):
        return (
            "It holds a Transformers checkpoint: convert it with ct2-transformers-converter"
            " --copy_files tokenizer.json preprocessor_config.json."
        )
    return _REMEDY


def _check_json(file: Path) -> None:
    try:
        content: Any = json.loads(file.read_bytes())
    except ValueError as error:
        raise ModelError(f"{file} is damaged: {error}. {_REMEDY}") from error
    if not isinstance(content, dict | list) or (
        isinstance(content, list) and file.name != "vocabulary.json"
    ):
        raise ModelError(f"{file} is of the wrong kind: an object is expected. {_REMEDY}")


def _check_tokenizer(file: Path) -> None:
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise ModelError(f"{file} is of the wrong kind: {error}. {_REMEDY}") from error
    lacking = [token for token in _TOKENS if tokenizer.token_to_id(token) is None]
    if lacking:
        raise ModelError(f"{file} lacks {lacking[0]}: it is not a Whisper model's. {_REMEDY}")


def _check_features(folder: Path, model: WhisperModel) -> None:
    if model.model.n_mels != model.feature_extractor.mel_filters.shape[0]:
        raise ModelError(
            f"{folder / 'preprocessor_config.json'} does not fit the model, which expects"
            f" feature_size {model.model.n_mels}. {_REMEDY}"
        )
