"""Thoughts are taken out wherever the network cuts them, and nothing else is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm.thoughts import Thoughts

pytestmark = pytest.mark.pure


def _filtered(*pieces: str) -> str:
    thoughts = Thoughts()
    return "".join([*map(thoughts.feed, pieces), thoughts.rest()])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>Hm.</think>\n\nHi.", "Hi."),
        ("\n<think>\n\n</think>\n\nHi. ", "Hi. "),
        ("<think>Hm. </thin</think>Hi.", "Hi."),
        ("<think>Hm.", ""),
        ("<think>Hm.</think>", ""),
        ("<thin", "<thin"),
        (" Hi.", " Hi."),
        ("I <think>so</think>.", "I <think>so</think>."),
        ("<think>a</think>b<think>c</think>", "b<think>c</think>"),
        ("", ""),
    ],
)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_cut_anywhere(text: str, answer: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    edges = zip([0, *cuts], [*cuts, len(text)], strict=True)
    assert _filtered(*(text[start:end] for start, end in edges)) == answer


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(alphabet="<think/> a", max_size=8), max_size=8))
def test_a_reply_that_does_not_begin_with_a_thought_is_untouched(pieces: list[str]) -> None:
    whole = "".join(pieces)
    if not whole.lstrip().startswith("<think>"):
        assert _filtered(*pieces) == whole


def test_plain_text_passes_at_once() -> None:
    thoughts = Thoughts()
    assert [thoughts.feed("Hi"), thoughts.feed(" <")] == ["Hi", " <"]
