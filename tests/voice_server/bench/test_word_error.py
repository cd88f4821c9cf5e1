"""The measure that the end-to-end tests judge by."""

import pytest

from voice_server.bench.word_error import word_error

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [
        ("The window is open.", "the window, is open", 0),
        ("The window is open.", "The widow is open.", 1 / 4),
        ("The window is open.", "The window is", 1 / 4),
        ("The window is open.", "Well, the window is open now.", 2 / 4),
        ("The window is open.", "", 1),
    ],
)
def test_counts_words_that_differ(said: str, heard: str, rate: float) -> None:
    assert word_error(said, heard) == rate
