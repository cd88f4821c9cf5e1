"""Sentences are said without silence around them, and espeak-ng tells when each word was."""

import numpy as np
import pytest

from voice_server.bench.asr.speech import AUDIBLE, SENTENCES, spoken
from voice_server.bench.word_error import words_of

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("text", SENTENCES[:3])
def test_words_end_in_order_and_inside(text: str) -> None:
    speech = spoken(text)
    assert [word for word, _ in speech.words] == words_of(text)
    ends = [end for _, end in speech.words]
    assert ends == sorted(ends)
    assert 0 < ends[0] < ends[-1] <= speech.seconds
    assert min(np.abs(speech.samples[[0, -1]])) > AUDIBLE
