"""Words that nobody said: what a model writes over silence, noise and music is not believed. Pure.

Each guard asks one question of a decode: does the model itself doubt that anybody spoke, could so
many words be spoken in that time, is it one of the phrases that films end with? A phrase that
people say too is dropped only where the audio was weak as well: a short, clear "thank you" is kept.
Where the recogniser is unsure, a voice detector has to hear a voice, too.
"""

import functools
import tomllib
from collections.abc import Callable, Sequence
from enum import StrEnum
from importlib.resources import files

from models.asr import Word
from models.asr.acoustics import Acoustics
from models.asr.transcripts import confidence

_NO_SPEECH = 0.6
_LOG_PROBABILITY = -1.0
_GUESS_CONFIDENCE = 0.4
_WEAK_NO_SPEECH = 0.3
_WEAK_LOG_PROBABILITY = -0.7
_SURE_LOG_PROBABILITY = -0.4
_VOICE_MIN = 0.5
_WORDS_FREE = 3
_WORDS_PER_S_MAX = 8.0


class Doubt(StrEnum):
    """Why words are not believed."""

    NO_SPEECH = "no_speech"
    GUESSES = "guesses"
    NO_VOICE = "no_voice"
    TOO_FAST = "too_fast"
    STOCK_PHRASE = "stock_phrase"


def doubt(
    words: Sequence[Word],
    language: str,
    sound: Acoustics,
    *,
    no_speech: float,
    log_probability: float,
    voice: Callable[[], float] = lambda: 1.0,
) -> Doubt | None:
    """Return why these words were invented, or None for believable ones.

    `no_speech` is the model's probability that nobody spoke, `log_probability` the mean over
    tokens, `voice` says how likely it is that there is a voice; it is asked where that matters.
    The first two thresholds are OpenAI's (`transcribe` in whisper/transcribe.py).
    """
    if not words:
        return None
    if no_speech > _NO_SPEECH and log_probability < _LOG_PROBABILITY:
        return Doubt.NO_SPEECH
    if log_probability < _LOG_PROBABILITY and confidence(words) < _GUESS_CONFIDENCE:
        return Doubt.GUESSES
    if len(words) > _WORDS_FREE + _WORDS_PER_S_MAX * sound.span_ms / 1000:
        return Doubt.TOO_FAST
    unsure = no_speech > _WEAK_NO_SPEECH or log_probability < _WEAK_LOG_PROBABILITY
    if (unsure or sound.weak) and is_stock_phrase(" ".join(w.text for w in words), language):
        return Doubt.STOCK_PHRASE
    if (unsure or log_probability < _SURE_LOG_PROBABILITY) and voice() < _VOICE_MIN:
        return Doubt.NO_VOICE
    return None


def is_stock_phrase(text: str, language: str) -> bool:
    """Return whether that is what models trained on subtitles write over silence."""
    return _bare(text) in _phrases().get(language, frozenset())


@functools.cache
def _phrases() -> dict[str, frozenset[str]]:
    listed = (files("models") / "asr" / "stock_phrases.toml").read_text(encoding="utf-8")
    return {
        language: frozenset(_bare(phrase) for phrase in phrases)
        for language, phrases in tomllib.loads(listed).items()
    }


def _bare(text: str) -> str:
    """Neither case nor punctuation nor spaces."""
    return "".join(character for character in text.casefold() if character.isalnum())
