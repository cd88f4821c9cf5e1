"""Piper's voices are listed without being loaded, just as they are when they are."""

from pathlib import Path

import pytest

from models.errors import ModelError
from models.scheduler import Scheduler
from models.tts.piper import PiperSynthesizer
from models.tts.piper_voices import voices_in
from models.tts.synthesis_queue import SynthesisQueue
from tests.support.piper_voice import write_piper_voice

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("speakers", [1, 2])
async def test_the_list_is_that_of_the_loaded_voice(tmp_path: Path, speakers: int) -> None:
    path = write_piper_voice(tmp_path, speakers=speakers)
    scheduler = Scheduler(1)
    synthesizer = PiperSynthesizer.load(path, queue=SynthesisQueue(scheduler))
    assert voices_in(path) == list(synthesizer.voices)
    await scheduler.close()


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"language": {}}'])
def test_a_json_that_describes_no_voice_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.onnx.json").write_text(text)
    with pytest.raises(ModelError, match=r"a\.onnx\.json does not describe a Piper voice"):
        voices_in(tmp_path / "a.onnx")
