"""Loading a Piper voice: an ONNX graph and the JSON beside it, checked, with its alignments.

The parts are put together here rather than by `PiperVoice.load`, which takes every core for one
sentence and answers a damaged file with whatever its parser raises. Needs the extra `piper`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from models.errors import ModelError
from models.tts.piper_alignments import with_alignments

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from piper import PiperVoice
    from piper.config import PiperConfig

_INPUTS = {"input", "input_lengths", "scales"}
_REMEDY = "fetch the voice again, both `NAME.onnx` and `NAME.onnx.json`"


@dataclass(frozen=True, slots=True)
class LoadedVoice:
    """A voice that is ready to speak."""

    piper: "PiperVoice"
    language: str
    """BCP 47."""
    speakers: Mapping[str, int]
    """Speaker numbers by name; empty for a voice with one speaker."""
    has_alignments: bool
    """Whether the graph tells how long each phoneme lasts."""


def load_voice(voice_path: Path, *, threads: int, device: str = "cpu") -> LoadedVoice:
    """Load `NAME.onnx` and the `NAME.onnx.json` beside it.

    `threads` is how many cores one sentence may use, `device` is `cpu` or `cuda`. Raises
    `ModelError`.
    """
    try:
        from piper import PiperVoice  # noqa: PLC0415
    except ImportError as error:
        raise ModelError(
            f"{voice_path} needs Piper: run `pip install 'voice-server[piper]'`. "
            "Piper is GPL-3, and so is what you make by combining it with this server."
        ) from error
    if not voice_path.is_file():
        raise ModelError(f"There is no {voice_path}: name another file, or {_REMEDY}.")
    config, language = _read_config(voice_path.with_name(f"{voice_path.name}.json"))
    providers = _providers(device)
    session = _open_session(voice_path, threads, providers)
    piper = PiperVoice(session, config)
    _warm_up(piper, voice_path)
    return LoadedVoice(
        piper,
        language,
        _speakers(config),
        has_alignments=len(session.get_outputs()) > 1 and config.phoneme_type.value != "pinyin",
    )


def _read_config(path: Path) -> "tuple[PiperConfig, str]":
    """Return what the JSON says to Piper, and the language."""
    from piper.config import PiperConfig  # noqa: PLC0415

    try:
        settings = json.loads(path.read_bytes())
        config = PiperConfig.from_dict(settings)
        code: str = settings.get("language", {}).get("code", config.espeak_voice)
        return config, code.replace("_", "-")
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): {_REMEDY}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} does not describe a Piper voice ({error!r}): {_REMEDY}."
        ) from error


def _providers(device: str) -> list[str]:
    """Where onnxruntime is to compute; it would fall back to the CPU without a word."""
    import onnxruntime  # noqa: PLC0415

    if device == "cpu":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise ModelError(
            "tts.device is cuda, but this onnxruntime has no CUDA: install onnxruntime-gpu in "
            "place of onnxruntime, or set tts.device to cpu."
        )
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


def _open_session(path: Path, threads: int, providers: list[str]) -> "InferenceSession":
    """Load the graph, with phoneme durations as second output where they can be had."""
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    try:
        with TemporaryDirectory() as folder:
            graph = with_alignments(path, Path(folder))
            session = onnxruntime.InferenceSession(str(graph), options, providers=providers)
    except ModelError as error:
        raise ModelError(f"{error}: {_REMEDY}.") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): {_REMEDY}.") from error
    except onnx_errors() as error:
        raise ModelError(f"{path} cannot be loaded ({error}): {_REMEDY}.") from error
    if not {entry.name for entry in session.get_inputs()} >= _INPUTS:
        raise ModelError(f"{path} is an ONNX file, but not a Piper voice: name another file.")
    return session


def _warm_up(piper: "PiperVoice", path: Path) -> None:
    """Speak a syllable, so that a wrong JSON shows now and the first clause is not the slowest."""
    misfits: tuple[type[Exception], ...] = (ImportError, RuntimeError, LookupError, ValueError)
    try:
        for phonemes in piper.phonemize("a"):
            piper.phoneme_ids_to_audio(piper.phonemes_to_ids(phonemes))
    except misfits + onnx_errors() as error:
        raise ModelError(f"{path} and its JSON do not fit ({error}): {_REMEDY}.") from error


def _speakers(config: "PiperConfig") -> dict[str, int]:
    """Return speaker numbers by name, the default speaker first."""
    if config.num_speakers <= 1:
        return {}
    named = dict(config.speaker_id_map) or {str(n): n for n in range(config.num_speakers)}
    default_first = sorted(
        named.items(), key=lambda entry: (entry[1] != config.default_speaker_id, entry[1])
    )
    return dict(default_first)


def onnx_errors() -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises, which has no class of its own above it."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state  # noqa: PLC0415

    return (
        *(state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf),
        *(state.NoModel, state.NotImplemented, state.RuntimeException),
    )
