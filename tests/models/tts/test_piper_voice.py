"""Loading a Piper voice: what is read from it, and every way in which a file can be wrong."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from piper.patch_voice_with_alignment import add_alignment_output

from models.errors import ModelError
from models.tts.piper_voice import load_voice
from tests.support import house
from tests.support.piper_voice import write_piper_voice

pytestmark = pytest.mark.engine


@pytest.fixture
def voice_path(tmp_path: Path) -> Path:
    return write_piper_voice(tmp_path)


def settings_path(voice_path: Path) -> Path:
    return voice_path.with_name(f"{voice_path.name}.json")


def change_settings(voice_path: Path, **changes: object) -> None:
    settings = json.loads(settings_path(voice_path).read_text())
    settings_path(voice_path).write_text(json.dumps(settings | changes))


def test_a_voice(voice_path: Path) -> None:
    voice = load_voice(voice_path, threads=1)
    assert voice.language == "en-US"
    assert voice.speakers == {}
    assert voice.has_alignments


def test_the_script_makes_small_voices_that_are_always_the_same(tmp_path: Path) -> None:
    script = house.ROOT / "scripts" / "make_test_voice"
    command = [sys.executable, str(script), str(tmp_path), "--name", "made", "--speakers", "2"]
    made = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    voice_path = Path(made.stdout.strip())
    same = write_piper_voice(tmp_path, name="same", speakers=2)
    assert voice_path.read_bytes() == same.read_bytes()
    assert settings_path(voice_path).read_bytes() == settings_path(same).read_bytes()
    assert voice_path.stat().st_size + settings_path(voice_path).stat().st_size < 100_000
    assert len(load_voice(voice_path, threads=1).speakers) == 2


def test_the_default_speaker_comes_first(tmp_path: Path) -> None:
    voice_path = write_piper_voice(tmp_path, speakers=2)
    assert list(load_voice(voice_path, threads=1).speakers) == ["low", "high"]
    change_settings(voice_path, default_speaker_id=1)
    assert list(load_voice(voice_path, threads=1).speakers) == ["high", "low"]


def test_speakers_without_names_are_numbered(tmp_path: Path) -> None:
    voice_path = write_piper_voice(tmp_path, speakers=2)
    change_settings(voice_path, speaker_id_map={})
    assert load_voice(voice_path, threads=1).speakers == {"0": 0, "1": 1}


def test_a_voice_that_shows_its_alignments_already(voice_path: Path) -> None:
    model = onnx.load(str(voice_path))
    add_alignment_output(model)
    onnx.save(model, str(voice_path))
    assert load_voice(voice_path, threads=1).has_alignments


def test_without_onnx_there_are_no_alignments(
    monkeypatch: pytest.MonkeyPatch, voice_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert not load_voice(voice_path, threads=1).has_alignments


def test_without_piper_the_error_says_what_to_install_and_its_licence(
    monkeypatch: pytest.MonkeyPatch, voice_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "piper", None)
    with pytest.raises(ModelError, match=r"pip install 'voice-server\[piper\]'.*GPL-3"):
        load_voice(voice_path, threads=1)


def _other_graph(path: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g", [value], [result])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), str(path))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "not ONNX": lambda path: path.write_bytes(b"<html>not found</html>"),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:1000]),
    "another model": _other_graph,
    "no JSON": lambda path: settings_path(path).unlink(),
    "empty JSON": lambda path: settings_path(path).write_text(""),
    "JSON not UTF-8": lambda path: settings_path(path).write_bytes(b"\xff\xfe{}"),
    "JSON of a list": lambda path: settings_path(path).write_text("[]"),
    "JSON of another model": lambda path: settings_path(path).write_text('{"audio": {}}'),
    "no phonemes": lambda path: change_settings(path, phoneme_id_map={"a": [0]}),
    "ids beyond the graph": lambda path: change_settings(
        path, phoneme_id_map={"_": [0], "^": [1], "$": [2], "ˈ": [9999], "e": [9999]}
    ),
    "unknown language": lambda path: change_settings(path, espeak={"voice": "xx-none"}),
    "language of a wrong type": lambda path: change_settings(path, language="en"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_voice_is_refused_with_its_name_and_a_remedy(
    voice_path: Path, damage: Callable[[Path], object]
) -> None:
    damage(voice_path)
    with pytest.raises(ModelError, match=r"(fetch the voice again|name another file)") as refused:
        load_voice(voice_path, threads=1)
    assert str(voice_path) in str(refused.value)


def test_a_gpu_that_onnxruntime_cannot_use_is_said(tmp_path: Path) -> None:
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime can use a GPU")
    with pytest.raises(ModelError, match="install onnxruntime-gpu"):
        load_voice(write_piper_voice(tmp_path), threads=1, device="cuda")
