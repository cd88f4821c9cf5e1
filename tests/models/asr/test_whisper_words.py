"""Pieces of words become words, with the times of the speech that they are."""

import numpy as np
import pytest

from models.asr import RecognitionOptions
from models.asr.decoding import Task
from models.asr.whisper_words import timed_words

pytestmark = pytest.mark.pure

LOUD = np.resize(np.array([8000, -8000], np.int16), 16_000)
TASK = Task(LOUD, 5000, RecognitionOptions())


def part(word: str, start: float, end: float, probability: float = 0.9) -> dict[str, object]:
    return {"word": word, "start": start, "end": end, "probability": probability}


def test_punctuation_and_split_words_are_joined() -> None:
    parts = [part(" six", 0, 0.2), part(" o'", 0.2, 0.3, 0.5), part("clock", 0.3, 0.5)]
    words = timed_words([*parts, part(".", 0.5, 0.6), part(" ", 0.6, 0.6)], TASK, "en")
    assert [word.text for word in words] == ["six", "o'clock."]
    assert words[1].probability == 0.5


def test_opening_marks_belong_to_the_word_after_them() -> None:
    words = timed_words([part(' "', 0, 0.1), part(" yes", 0.1, 0.3)], TASK, "en")
    assert [word.text for word in words] == ['" yes']


def test_languages_without_spaces_keep_their_words_apart() -> None:
    parts = [part("今天", 0, 0.2), part("好", 0.2, 0.4), part("。", 0.4, 0.5)]
    assert [word.text for word in timed_words(parts, TASK, "zh")] == ["今天", "好。"]


def test_times_count_from_the_utterance_and_leave_pauses_out() -> None:
    samples = np.concatenate([LOUD[:8000], np.zeros(8000, np.int16)])
    words = timed_words([part(" so", 0.1, 1.0)], Task(samples, 5000, RecognitionOptions()), "en")
    assert (words[0].start_ms, words[0].end_ms) == (5100, 5500)
