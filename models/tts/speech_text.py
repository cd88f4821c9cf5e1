"""The text as a voice may read it: bounded pieces, without what no library can take.

Every function keeps the length of the text, so that positions in it stay those of the caller.
"""

import unicodedata
from collections.abc import Iterator

PIECE_CHARS_MAX = 500
"""A clause is shorter; longer text is spoken in pieces, each made when the last was taken."""

_UNREADABLE = {"Cc", "Cs"}
"""Control characters end a C string or a sentence; lone surrogates cannot be encoded."""


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut the text at spaces; yield where each piece starts, and the piece."""
    readable = "".join(
        " " if unicodedata.category(character) in _UNREADABLE else character for character in text
    )
    start = 0
    while start < len(readable):
        end = start + PIECE_CHARS_MAX
        if end < len(readable):
            end = readable.rfind(" ", start, end) + 1 or end
        yield start, readable[start:end]
        start = end
