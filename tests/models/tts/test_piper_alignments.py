"""The copy that tells durations: the same here and from a process, and only where there are any."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from models.errors import ModelError
from models.tts import piper_alignments
from models.tts.piper_alignments import with_alignments
from models.tts.piper_voice import load_voice
from tests.support.piper_voice import write_piper_voice

pytestmark = pytest.mark.engine


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every graph is a large one."""
    monkeypatch.setattr(piper_alignments, "HERE_BYTES_MAX", 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "copies"
    place.mkdir()
    return place


def outputs(path: Path) -> list[str]:
    return [output.name for output in onnx.load(str(path)).graph.output]


def test_a_process_writes_what_we_would_have_written(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = write_piper_voice(tmp_path)
    here = with_alignments(voice, folder).read_bytes()
    monkeypatch.setattr(piper_alignments, "HERE_BYTES_MAX", 0)
    copy = with_alignments(voice, folder)
    assert copy.read_bytes() == here
    assert (outputs(voice), outputs(copy)) == (["output"], ["output", "w_ceil"])
    assert load_voice(voice, threads=1).has_alignments


@pytest.mark.usefixtures("elsewhere")
def test_a_graph_without_durations_stays_as_it_is(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "other.onnx"
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g", [value], [result])
    onnx.save(helper.make_model(graph), str(path))
    assert with_alignments(path, folder) == path
    assert not list(folder.iterdir())


@pytest.mark.usefixtures("elsewhere")
def test_damage_is_told_by_the_process_too(tmp_path: Path, folder: Path) -> None:
    voice = write_piper_voice(tmp_path)
    voice.write_bytes(voice.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"tones\.onnx is not an ONNX file, or it is damaged"):
        with_alignments(voice, folder)
    with pytest.raises(ModelError, match="or it is damaged: fetch the voice again"):
        load_voice(voice, threads=1)


@pytest.mark.usefixtures("elsewhere")
def test_a_process_that_fails_is_told(tmp_path: Path) -> None:
    voice = write_piper_voice(tmp_path)
    with pytest.raises(ModelError, match="could not be read by its process"):
        with_alignments(voice, tmp_path / "nowhere")
