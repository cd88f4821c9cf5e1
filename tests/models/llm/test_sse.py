"""Server-sent events: where the bytes are cut never matters, and nothing grows for ever."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm.sse import EventStream, EventTooLong
from tests.support.chunks import cut, cut_points

pytestmark = pytest.mark.pure

_lines = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"))
_line_ends = st.sampled_from(["\n", "\r", "\r\n"])


def _events(*chunks: bytes) -> list[str]:
    stream = EventStream()
    return [data for chunk in chunks for data in stream.feed(chunk)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(_lines, min_size=1, max_size=3), max_size=5), _line_ends, cut_points(200))
def test_cutting_anywhere_changes_nothing(
    events: list[list[str]], line_end: str, points: list[int]
) -> None:
    text = "".join(
        "".join(f"data: {line}{line_end}" for line in lines) + line_end for lines in events
    )
    wanted = ["\n".join(lines) for lines in events]
    assert _events(*cut(text.encode(), points)) == wanted


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), cut_points(300))
def test_any_bytes_give_the_same_events_however_they_are_cut(
    stream: bytes, points: list[int]
) -> None:
    assert _events(*cut(stream, points)) == _events(stream)


@pytest.mark.parametrize(
    ("stream", "wanted"),
    [
        (b"data: a\n\n", ["a"]),
        (b"data:a\n\n", ["a"]),
        (b"data:  a\n\n", [" a"]),
        (b"data\n\n", [""]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b": comment\n\ndata: a\n\n", ["a"]),
        (b"event: error\nid: 7\nretry: 10\ndata: a\n\n", ["a"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b"datax: a\n\n", []),
        (b"\n\n\n", []),
        (b"data: cut off", []),
        (b"data: cut off\n", []),
        (b"data: a\r\n\r\ndata: b\r\r", ["a", "b"]),
        (b"data: \xff\n\n", ["\ufffd"]),
    ],
)
def test_the_standard_s_cases(stream: bytes, wanted: list[str]) -> None:
    assert _events(stream) == wanted


def test_a_character_may_be_cut_in_half() -> None:
    assert _events(b"data: \xe2\x82", b"\xac\n\n") == ["€"]


def test_an_endless_line_is_refused_before_it_fills_the_memory() -> None:
    stream = EventStream(event_bytes_max=100)
    stream.feed(b"data: " + b"x" * 94)
    with pytest.raises(EventTooLong, match="longer than 100 bytes"):
        stream.feed(b"x")


def test_an_event_of_endless_lines_is_refused() -> None:
    stream = EventStream(event_bytes_max=100)
    with pytest.raises(EventTooLong):
        stream.feed(b"data: 123\n" * 20)


def test_many_events_and_comments_within_the_limit_are_not() -> None:
    stream = EventStream(event_bytes_max=100)
    assert len(stream.feed(b": keep alive\ndata: 123\n\n" * 50)) == 50
