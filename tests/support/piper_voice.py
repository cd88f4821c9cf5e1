"""A voice in Piper's own format whose truth is known: each phoneme is a tone of known length.

The graph has Piper's inputs and output, and the `Ceil` node that Piper's alignments look for.
A phoneme lasts `frames_of(id)` frames of `HOP_SAMPLES`; speakers differ in pitch.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

RATE = 22_050
HOP_SAMPLES = 256
AMPLITUDE = 0.3
SPEAKERS = ("low", "high")

_IDS_MAX = max(max(ids) for ids in DEFAULT_PHONEME_ID_MAP.values())
_SILENT = {DEFAULT_PHONEME_ID_MAP[phoneme][0] for phoneme in "_^$ "}


def frames_of(phoneme_id: int) -> int:
    """Return how many frames the phoneme lasts at speed 1."""
    return 1 if phoneme_id in _SILENT else 3 + phoneme_id % 4


def write_piper_voice(
    folder: Path, *, name: str = "tones", speakers: int = 1, phonemes: str = "espeak"
) -> Path:
    """Write `NAME.onnx` and its JSON; return the path of the former.

    `phonemes` is Piper's phoneme type: `espeak`, or `text`, where each letter is a phoneme.
    """
    path = folder / f"{name}.onnx"
    onnx.save(_model(speakers), str(path))
    path.with_name(f"{path.name}.json").write_text(
        json.dumps(_settings(speakers, phonemes), indent=1, ensure_ascii=False)
    )
    return path


def _settings(speakers: int, phonemes: str) -> dict[str, object]:
    return {
        "audio": {"sample_rate": RATE},
        "espeak": {"voice": "en-us"},
        "language": {"code": "en_US"},
        "phoneme_type": phonemes,
        "num_symbols": _IDS_MAX + 1,
        "num_speakers": speakers,
        "speaker_id_map": dict(zip(SPEAKERS, range(speakers), strict=False))
        if speakers > 1
        else {},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "hop_length": HOP_SAMPLES,
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP,
    }


def _model(speakers: int) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "phonemes"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    if speakers > 1:
        inputs.append(helper.make_tensor_value_info("sid", TensorProto.INT64, [1]))
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "samples"])
    nodes = [*_durations(), *_frames(), *_pitch(speakers), *_tones()]
    graph = helper.make_graph(nodes, "tones", inputs, [output], _tables(speakers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def _tables(speakers: int) -> list[onnx.TensorProto]:
    ids = range(_IDS_MAX + 1)
    arrays = {
        "frame_table": np.array([frames_of(n) for n in ids], np.float32),
        "hertz_table": np.array([200.0 + 10.0 * n for n in ids], np.float32),
        "volume_table": np.array([0.0 if n in _SILENT else AMPLITUDE for n in ids], np.float32),
        "pitch_table": np.array([1.0 + 0.5 * n for n in range(speakers)], np.float32),
        "one": np.array(1, np.int64),
        "zero": np.array(0, np.int64),
        "length_scale_at": np.array(1, np.int64),
        "last": np.array(-1, np.int64),
        "one_axis": np.array([1], np.int64),
        "flat": np.array([-1], np.int64),
        "column": np.array([-1, 1], np.int64),
        "output_shape": np.array([1, 1, 1, -1], np.int64),
        "hop": np.array(HOP_SAMPLES, np.int64),
        "radians_per_sample": np.array(2 * np.pi / RATE, np.float32),
        "within_frame": np.arange(HOP_SAMPLES, dtype=np.float32).reshape(1, HOP_SAMPLES),
    }
    return [numpy_helper.from_array(array, name) for name, array in arrays.items()]


def _durations() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Reshape", ["input", "flat"], ["ids"]),
        node("Gather", ["frame_table", "ids"], ["frames_wanted"]),
        node("Gather", ["scales", "length_scale_at"], ["length_scale"]),
        node("Mul", ["frames_wanted", "length_scale"], ["frames_scaled"]),
        node("Ceil", ["frames_scaled"], ["w_ceil"]),
    ]


def _frames() -> list[onnx.NodeProto]:
    """Repeat each id for its frames: a frame belongs to the id after all that have ended."""
    node = helper.make_node
    return [
        node("Cast", ["w_ceil"], ["frames_of_id"], to=TensorProto.INT64),
        node("CumSum", ["frames_of_id", "zero"], ["id_ends"]),
        node("Gather", ["id_ends", "last"], ["frames_total"]),
        node("Range", ["zero", "frames_total", "one"], ["frame_numbers"]),
        node("Reshape", ["frame_numbers", "column"], ["frame_column"]),
        node("GreaterOrEqual", ["frame_column", "id_ends"], ["id_has_ended"]),
        node("Cast", ["id_has_ended"], ["ended_as_number"], to=TensorProto.INT64),
        node("ReduceSum", ["ended_as_number", "one_axis"], ["id_index"], keepdims=0),
        node("Gather", ["ids", "id_index"], ["id_of_frame"]),
    ]


def _pitch(speakers: int) -> list[onnx.NodeProto]:
    speaker = "sid" if speakers > 1 else "zero"
    return [helper.make_node("Gather", ["pitch_table", speaker], ["pitch"])]


def _tones() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Gather", ["hertz_table", "id_of_frame"], ["hertz_of_frame"]),
        node("Mul", ["hertz_of_frame", "pitch"], ["hertz"]),
        node("Reshape", ["hertz", "column"], ["hertz_column"]),
        node("Gather", ["volume_table", "id_of_frame"], ["volume"]),
        node("Reshape", ["volume", "column"], ["volume_column"]),
        node("Mul", ["frame_column", "hop"], ["frame_starts"]),
        node("Cast", ["frame_starts"], ["frame_starts_float"], to=TensorProto.FLOAT),
        node("Add", ["frame_starts_float", "within_frame"], ["sample_numbers"]),
        node("Mul", ["sample_numbers", "hertz_column"], ["cycles"]),
        node("Mul", ["cycles", "radians_per_sample"], ["phase"]),
        node("Sin", ["phase"], ["sine"]),
        node("Mul", ["sine", "volume_column"], ["tones"]),
        node("Reshape", ["tones", "output_shape"], ["output"]),
    ]
