"""The time and the date in words."""

from datetime import datetime

import pytest

from models.llm.spoken_clock import spoken_date, spoken_time, spoken_year

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("hour", "minute", "words"),
    [
        (0, 0, "twelve o'clock at night"),
        (7, 5, "seven oh five in the morning"),
        (12, 30, "twelve thirty in the afternoon"),
        (18, 45, "six forty five in the evening"),
        (23, 59, "eleven fifty nine at night"),
    ],
)
def test_the_time(hour: int, minute: int, words: str) -> None:
    assert spoken_time(datetime(2026, 11, 21, hour, minute)) == words


def test_the_date() -> None:
    moment = datetime(2026, 11, 21)
    assert spoken_date(moment) == "Saturday, the twenty first of November, twenty twenty six"


@pytest.mark.parametrize(
    ("year", "words"),
    [
        (476, "four hundred and seventy six"),
        (1066, "ten sixty six"),
        (1900, "nineteen hundred"),
        (1905, "nineteen oh five"),
        (2000, "two thousand"),
        (2001, "two thousand and one"),
        (2026, "twenty twenty six"),
    ],
)
def test_the_year(year: int, words: str) -> None:
    assert spoken_year(year) == words
