"""Words that nobody said, and words that somebody did."""

import tomllib
from importlib.resources import files

import pytest

from models.asr import Word
from models.asr.acoustics import Acoustics
from models.asr.guards import Doubt, doubt, is_stock_phrase

pytestmark = pytest.mark.pure

CLEAR = Acoustics(speech_ms=600, span_ms=600, snr_db=30)
FAINT = Acoustics(speech_ms=150, span_ms=300, snr_db=7)


def said(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, n, n + 1, 1.0) for n, word in enumerate(text.split()))


def judged(
    text: str,
    sound: Acoustics = CLEAR,
    *,
    language: str = "en",
    no_speech: float = 0.05,
    log_probability: float = -0.2,
) -> Doubt | None:
    return doubt(said(text), language, sound, no_speech=no_speech, log_probability=log_probability)


def test_a_real_thank_you_is_kept() -> None:
    assert judged("Thank you.") is None
    assert judged("Vielen Dank!", language="de") is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Thank you.", "en"),
        ("Thanks for watching!", "en"),
        ("Untertitel der Amara.org-Community", "de"),
        ("ご視聴ありがとうございました。", "ja"),
    ],
)
def test_a_stock_phrase_over_hardly_anything_is_dropped(text: str, language: str) -> None:
    assert judged(text, FAINT, language=language) is Doubt.STOCK_PHRASE
    assert judged(text, language=language, no_speech=0.5) is Doubt.STOCK_PHRASE
    assert judged(text, language=language, log_probability=-0.9) is Doubt.STOCK_PHRASE


def test_a_stock_phrase_is_the_whole_of_what_was_said() -> None:
    assert judged("Thank you for the light", FAINT) is None
    assert not is_stock_phrase("thank you anna", "en")
    assert not is_stock_phrase("thank you", "xx")


def test_a_model_that_doubts_is_believed() -> None:
    assert judged("hello there", no_speech=0.7, log_probability=-1.1) is Doubt.NO_SPEECH
    assert judged("hello there", no_speech=0.7, log_probability=-0.9) is None
    assert judged("hello there", no_speech=0.5, log_probability=-1.1) is None


def test_guesses_are_words_of_low_probability_in_a_doubtful_sentence() -> None:
    unlikely = tuple(Word(word, 0, 1, 0.2) for word in ("pay", "that", "potato"))
    assert doubt(unlikely, "en", CLEAR, no_speech=0.1, log_probability=-1.2) is Doubt.GUESSES
    assert doubt(unlikely, "en", CLEAR, no_speech=0.1, log_probability=-0.8) is None
    assert judged("hello there", log_probability=-1.2) is None


def test_an_unsure_model_needs_a_voice() -> None:
    def judged_with(voice: float, log_probability: float) -> Doubt | None:
        words = said("a gust of wind")
        return doubt(
            words,
            "en",
            CLEAR,
            no_speech=0.1,
            log_probability=log_probability,
            voice=lambda: voice,
        )

    assert judged_with(0.1, -0.5) is Doubt.NO_VOICE
    assert judged_with(0.9, -0.5) is None
    assert judged_with(0.1, -0.2) is None


def test_nobody_speaks_twenty_words_a_second() -> None:
    assert judged(" ".join("abcdefghijkl"), CLEAR) is Doubt.TOO_FAST
    assert judged("I do not", FAINT) is None


def test_silence_needs_no_reason() -> None:
    assert judged("", FAINT) is None


def test_every_listed_phrase_is_found_in_its_language() -> None:
    listed = tomllib.loads((files("models") / "asr" / "stock_phrases.toml").read_text("utf-8"))
    assert {"en", "de", "fr", "es", "zh", "ja"} <= set(listed)
    for language, phrases in listed.items():
        assert all(is_stock_phrase(f"{phrase.title()}!", language) for phrase in phrases)
