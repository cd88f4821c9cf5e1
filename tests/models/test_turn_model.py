"""An end-of-turn model is plugged in by its path, and refused in words when it does not fit.

The models here are built on the spot with the interface of smart-turn v3: one answers with the mean
level of the last frames, so that what it hears can be told from what it says.
"""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.errors import ModelError
from models.turn_model import OnnxTurnModel
from tests.support.clips import load_clip

pytestmark = pytest.mark.engine


def _write_model(path: Path, *, name: str = "input_features", bands: int = 80) -> Path:
    """sigmoid(5 * mean of the newest 20 frames): loud ends are near 1, quiet ones near 0."""
    features = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", bands, 800])
    probability = helper.make_tensor_value_info("probability", TensorProto.FLOAT, None)
    constants = {"start": [780], "end": [800], "axis": [2]}
    nodes = [
        helper.make_node("Slice", [name, "start", "end", "axis"], ["newest"]),
        helper.make_node("ReduceMean", ["newest"], ["level"], axes=[1, 2], keepdims=0),
        helper.make_node("Mul", ["level", "five"], ["scaled"]),
        helper.make_node("Sigmoid", ["scaled"], ["probability"]),
    ]
    initial = [
        helper.make_tensor(key, TensorProto.INT64, [1], value) for key, value in constants.items()
    ]
    initial.append(helper.make_tensor("five", TensorProto.FLOAT, [1], [5.0]))
    graph = helper.make_graph(nodes, "turn", [features], [probability], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


async def test_it_hears_the_end_of_the_speech(tmp_path: Path) -> None:
    model = OnnxTurnModel(_write_model(tmp_path / "turn.onnx"))
    speech = load_clip("question")
    silence = np.zeros(8000, dtype=np.int16)
    loud_end = speech[: len(speech) // 2]
    quiet_end = np.concatenate((speech, silence))
    assert await model.completeness(loud_end) > 0.5
    assert await model.completeness(quiet_end) < 0.5


@pytest.mark.parametrize("seconds", [0, 0.01, 8, 30])
async def test_speech_of_any_length_is_a_window_of_eight_seconds(
    tmp_path: Path, seconds: float
) -> None:
    model = OnnxTurnModel(_write_model(tmp_path / "turn.onnx"))
    noise = np.random.default_rng(1).integers(-99, 99, int(16_000 * seconds), dtype=np.int16)
    assert 0.0 <= await model.completeness(noise) <= 1.0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.onnx.*models\.turn_model"):
        OnnxTurnModel(tmp_path / "nowhere.onnx")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"damaged\.onnx is not a readable ONNX model"):
        OnnxTurnModel(path)


@pytest.mark.parametrize("change", [{"name": "audio"}, {"bands": 128}])
def test_another_interface_is_refused_with_the_one_that_fits(
    tmp_path: Path, change: dict[str, object]
) -> None:
    path = _write_model(tmp_path / "other.onnx", **change)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="as smart-turn v3 does"):
        OnnxTurnModel(path)
