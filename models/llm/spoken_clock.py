"""The time and the date, as a person would say them in English. Pure: the moment is passed in."""

from datetime import datetime

from models.llm.number_words import ordinal_words, to_words


def spoken_time(now: datetime) -> str:
    """Such as "three oh seven in the afternoon"."""
    hour = to_words(now.hour % 12 or 12)
    if now.minute == 0:
        return f"{hour} o'clock {_part_of_day(now.hour)}"
    minute = f"oh {to_words(now.minute)}" if now.minute < 10 else to_words(now.minute)
    return f"{hour} {minute} {_part_of_day(now.hour)}"


def spoken_date(now: datetime) -> str:
    """Such as "Saturday, the twenty first of November, twenty twenty six"."""
    return f"{now:%A}, the {ordinal_words(now.day)} of {now:%B}, {spoken_year(now.year)}"


def spoken_year(year: int) -> str:
    """Pairs of digits where people say pairs: "nineteen eighty four", "two thousand and one"."""
    century, rest = divmod(year, 100)
    if year < 1000 or (century % 10 == 0 and rest < 10):
        return to_words(year)
    if rest == 0:
        return f"{to_words(century)} hundred"
    return f"{to_words(century)} {'oh ' if rest < 10 else ''}{to_words(rest)}"


def _part_of_day(hour: int) -> str:
    if hour < 5 or hour >= 22:
        return "at night"
    if hour < 12:
        return "in the morning"
    return "in the afternoon" if hour < 18 else "in the evening"
