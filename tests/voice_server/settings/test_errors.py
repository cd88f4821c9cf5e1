"""Sentences about wrong settings: the key, what is wrong, what would be right, and no secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from voice_server.settings import Settings
from voice_server.settings.errors import nearest, sentences

pytestmark = pytest.mark.pure

SECRET = "x7Qp-do-not-show-me"


def about(tree: dict[str, object]) -> str:
    """What is said about a tree of settings that is wrong somewhere."""
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate(tree)
    return sentences(Settings, refused.value)


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        ({"trun": {}}, "trun: no such setting; did you mean 'turn'?"),
        ({"zzz": {}}, "zzz: no such setting; there are: server, auth, asr,"),
        ({"asr": {"scripted": {"textz": 1}}}, "asr.scripted.textz: no such setting; did you mean"),
        ({"turn": {"mode": "loud"}}, "turn.mode: input should be 'vad' or 'manual', not 'loud'"),
        ({"turn": {"silence_ms": 9}}, "turn.silence_ms: input should be greater than or equal to"),
        ({"turn": 5}, "turn: this is a section, write section.key=value"),
        ({"asr": {"scripted": {"texts": 5}}}, "asr.scripted.texts: a list is expected"),
    ],
)
def test_a_problem_in_words(tree: dict[str, object], sentence: str) -> None:
    assert about(tree).startswith(sentence)


def test_a_line_for_each_problem() -> None:
    assert len(about({"turn": {"mode": 1, "onset_ms": 0}, "port": 1}).splitlines()) == 3


@pytest.mark.parametrize(
    "tree",
    [
        {"auth": SECRET},
        {"auth": {"keys": SECRET}},
        {"auth": {"keys": [[SECRET]]}},
        {"llm": SECRET},
        {"llm": {"api_key": [SECRET]}},
        {"llm": {"api_kee": SECRET}},
    ],
)
def test_secrets_are_not_repeated(tree: dict[str, object]) -> None:
    assert SECRET not in about(tree)


@given(st.text(), st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_a_hint_names_something_that_exists(word: str, known: list[str]) -> None:
    hint = nearest(word, known)
    assert any(name in hint or repr(name) in hint for name in known)
