"""Cutting text into pieces that keep their positions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tts.speech_text import PIECE_CHARS_MAX, pieces

pytestmark = pytest.mark.pure

any_text = st.text(st.characters(categories=["L", "Zs", "Cc", "Cs", "So"]), max_size=1500)


@given(any_text)
def test_pieces_tile_the_text_and_are_bounded(text: str) -> None:
    found = list(pieces(text))
    assert [start for start, _ in found] == [
        sum(len(piece) for _, piece in found[:index]) for index in range(len(found))
    ]
    whole = "".join(piece for _, piece in found)
    assert len(whole) == len(text)
    assert all(0 < len(piece) <= PIECE_CHARS_MAX for _, piece in found)
    assert all(ours in (theirs, " ") for ours, theirs in zip(whole, text, strict=True))


@given(any_text)
def test_pieces_can_be_encoded_as_c_strings(text: str) -> None:
    for _, piece in pieces(text):
        assert b"\0" not in piece.encode()


@given(st.lists(st.text("abc", min_size=1, max_size=30), min_size=1, max_size=200))
def test_no_word_is_cut(words: list[str]) -> None:
    cut = [word for _, piece in pieces(" ".join(words)) for word in piece.split()]
    assert cut == words


def test_a_word_longer_than_a_piece_is_cut() -> None:
    assert [len(piece) for _, piece in pieces("w" * (PIECE_CHARS_MAX + 1))] == [PIECE_CHARS_MAX, 1]
