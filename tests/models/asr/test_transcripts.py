"""Words become text, with spaces where the language has them."""

import pytest

from models.asr import Word
from models.asr.transcripts import confidence, transcript

pytestmark = pytest.mark.pure


def words(*texts: str, probability: float = 1.0) -> tuple[Word, ...]:
    return tuple(Word(text, n, n + 1, probability) for n, text in enumerate(texts))


def test_text_of_committed_and_volatile_words() -> None:
    made = transcript(words("Turn", "on"), words("the"), language="en", end_ms=900)
    assert (made.committed, made.volatile, made.text) == ("Turn on", "the", "Turn on the")
    assert [word.text for word in made.words] == ["Turn", "on", "the"]
    assert (made.language, made.duration_ms) == ("en", 900)


def test_languages_without_spaces() -> None:
    assert transcript(words("你", "好"), (), language="zh", end_ms=0).text == "你好"


def test_confidence_is_the_geometric_mean() -> None:
    assert confidence(()) == 1.0
    assert confidence((*words("a", probability=0.9), *words("b", probability=0.4))) == (
        pytest.approx(0.6)
    )
    assert 0 < confidence(words("a", probability=0.0)) < 1e-5
