"""The lists of words: complete for every language, found by tag, matched as phrases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.conversation.lexicon import (
    Lexicon,
    begins_with,
    consists_of,
    ends_with,
    lexicon_for,
    words_of,
)

pytestmark = pytest.mark.pure

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")
PHRASES = frozenset({("right",), ("of", "course"), ("uh", "huh")})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" … ?! ", []),
        ("Uh-huh, RIGHT.", ["uh-huh", "right"]),
        ("I’m sure it's 7:30", ["i'm", "sure", "it's", "7", "30"]),
        ("C'est ça", ["c'est", "ça"]),
        ("snake_case", ["snake", "case"]),
        ("はい、そうです", ["はい", "そうです"]),
    ],
)
def test_words_are_what_is_left_without_case_and_punctuation(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(st.text(max_size=80))
def test_words_of_words_are_the_same_words(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_its_lists(language: str) -> None:
    known = lexicon_for(language)
    assert known.backchannels
    assert known.commands
    assert known.hanging
    assert known.fillers
    assert all(phrase for phrases in (known.backchannels, known.commands) for phrase in phrases)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_command_is_a_backchannel(language: str) -> None:
    known = lexicon_for(language)
    assert not known.commands & (known.backchannels | known.fillers)


def test_a_tag_means_its_language() -> None:
    assert lexicon_for("de-AT") is lexicon_for("DE") is lexicon_for("de")


@pytest.mark.parametrize("language", ["", "tlh", "english"])
def test_of_an_unknown_language_nothing_is_known(language: str) -> None:
    assert lexicon_for(language) == Lexicon()


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("right", True),
        ("of course right of course", True),
        ("of", False),
        ("course", False),
        ("right now", False),
        ("", False),
    ],
)
def test_a_text_consists_of_phrases_or_not(text: str, whole: bool) -> None:
    assert consists_of(text.split(), PHRASES) is whole


def test_of_no_phrases_nothing_consists() -> None:
    assert not consists_of(["right"], frozenset())


def test_phrases_are_found_at_either_end() -> None:
    words = ["of", "course", "not", "uh", "huh"]
    assert begins_with(words, PHRASES)
    assert ends_with(words, PHRASES)
    assert not begins_with(words[1:], PHRASES)
    assert not ends_with(words[:-1], PHRASES)
    assert not ends_with([], PHRASES)
