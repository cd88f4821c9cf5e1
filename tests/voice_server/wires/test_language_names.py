"""Every language that Whisper can tell has a name."""

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from voice_server.wires.language_names import LANGUAGES, language_name

pytestmark = pytest.mark.pure


def test_whispers_languages_have_names() -> None:
    assert set(_LANGUAGE_CODES) == set(LANGUAGES)
    assert len(set(LANGUAGES.values())) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("tag", "name"), [("de", "german"), ("de-AT", "german"), ("EN", "english"), ("tlh", "tlh")]
)
def test_a_tag_has_a_name(tag: str, name: str) -> None:
    assert language_name(tag) == name


def test_names_of_two_words_are_written_so() -> None:
    assert language_name("ht") == "haitian creole"
