"""From recognised words to the text that is shown."""

import math
from collections.abc import Sequence

from models.asr import Transcript, Word

NO_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages that are written without spaces between words."""


def transcript(
    committed: Sequence[Word], volatile: Sequence[Word], *, language: str, end_ms: int
) -> Transcript:
    """Return the words as a transcript of the audio until `end_ms`."""
    words = (*committed, *volatile)
    return Transcript(
        committed=_join(committed, language),
        volatile=_join(volatile, language),
        words=words,
        language=language,
        confidence=confidence(words),
        duration_ms=end_ms,
    )


def confidence(words: Sequence[Word]) -> float:
    """Return the geometric mean of word probabilities; of no words, 1."""
    if not words:
        return 1.0
    return math.exp(sum(math.log(max(w.probability, 1e-6)) for w in words) / len(words))


def _join(words: Sequence[Word], language: str) -> str:
    return ("" if language in NO_SPACES else " ").join(word.text for word in words)
