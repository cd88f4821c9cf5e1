"""Tasks know how long their audio is, and show none of it."""

import numpy as np
import pytest

from models.asr import RecognitionOptions, Word
from models.asr.decoding import Decoding, Stamp, Task

pytestmark = pytest.mark.pure


def test_a_task_knows_its_length() -> None:
    assert Task(np.zeros(24_000, np.int16), 0, RecognitionOptions()).audio_ms == 1500


def test_nothing_shows_what_was_said() -> None:
    options = RecognitionOptions(prompt="secret", hot_words=("secret",))
    task = Task(np.full(4, 4711, np.int16), 0, options, stamp=Stamp("session", 1, 2))
    decoding = Decoding((Word("secret", 0, 1, 1.0),))
    assert "secret" not in repr((task, decoding))
    assert "4711" not in repr(task)
