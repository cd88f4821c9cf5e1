"""The worker's own half: loads what it is told, answers tasks with results."""

from pathlib import Path

import pytest

from models.asr import RecognitionError, RecognitionOptions
from models.asr.decoding import Decoding, Stamp, Task
from models.asr.whisper_wire import decode_outcomes, encode_tasks
from models.asr.whisper_worker import WorkerOrder, answer, load
from models.errors import ModelError
from tests.support.speech import say

pytestmark = pytest.mark.engine

BUNDLED = Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"


def test_tasks_become_results() -> None:
    decoder = load(WorkerOrder(str(BUNDLED), "short", 0))
    task = Task(say("The window is open."), 0, RecognitionOptions(), stamp=Stamp("ann", 7, 3))
    foreign = Task(task.samples, 0, RecognitionOptions(language="fr"))
    understood, refused = decode_outcomes(answer(decoder, encode_tasks([task, foreign])))
    assert isinstance(understood, Decoding)
    assert [word.text for word in understood.words] == ["The", "window", "is", "open."]
    assert understood.stamp == task.stamp
    assert isinstance(refused, RecognitionError)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=str(tmp_path)):
        load(WorkerOrder(str(tmp_path), "short", 0))
