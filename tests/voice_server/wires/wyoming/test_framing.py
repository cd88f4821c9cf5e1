"""Framing: the package's own bytes are read, ours are read by it, and no length is believed."""

import io
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.event import Event, read_event, write_event

from voice_server.wires.wyoming.framing import (
    DATA_BYTES_MAX,
    LINE_BYTES_MAX,
    PAYLOAD_BYTES_MAX,
    EventReader,
    FramingError,
    encode,
)

pytestmark = pytest.mark.pure

events = st.builds(
    Event,
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=3),
    st.none() | st.binary(min_size=1, max_size=50),
)


def written(event: Event) -> bytes:
    """As the package writes it."""
    file = io.BytesIO()
    write_event(event, file)
    return file.getvalue()


@given(st.lists(events, max_size=5), st.integers(1, 40))
def test_what_the_package_writes_is_read_wherever_it_is_cut(sent: list[Event], step: int) -> None:
    data = b"".join(written(event) for event in sent)
    reader = EventReader()
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    assert [event for piece in pieces for event in reader.feed(piece)] == sent
    assert reader.rest == b""


@given(st.lists(events, min_size=1, max_size=3), st.data())
def test_another_reader_goes_on_wherever_the_first_one_stopped(
    sent: list[Event], data: st.DataObject
) -> None:
    stream = b"".join(written(event) for event in sent)
    cut = data.draw(st.integers(0, len(stream)))
    first, second = EventReader(), EventReader()
    read = first.feed(stream[:cut])
    assert read + second.feed(first.rest + stream[cut:]) == sent


@given(events)
def test_the_package_reads_what_is_written_here(event: Event) -> None:
    assert read_event(io.BytesIO(encode(event))) == event


def test_data_in_the_line_counts_too_and_the_rest_goes_before_it() -> None:
    line = {"type": "x", "data": {"a": 1, "b": 1}, "data_length": 7}
    (event,) = EventReader().feed(json.dumps(line).encode() + b'\n{"b":2}')
    assert event.data == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"x" * (LINE_BYTES_MAX + 1), "header has more than"),
        (b"x" * (LINE_BYTES_MAX + 1) + b"\n", "header has more than"),
        (b"nonsense\n", "no JSON"),
        (b"\xff\n", "no JSON"),
        (b"[" * 60_000 + b"\n", "no JSON"),
        (b"[]\n", "must be objects"),
        (b"{}\n", "no type"),
        (b'{"type":1}\n', "no type"),
        (b'{"type":"x","data":[1]}\n', "data must be an object"),
        (b'{"type":"x","data_length":2}\n[]', "must be objects"),
        (b'{"type":"x","data_length":-1}\n', f"data_length must be 0 to {DATA_BYTES_MAX}"),
        (b'{"type":"x","data_length":true}\n', "data_length must be"),
        (b'{"type":"x","data_length":"9"}\n', "data_length must be"),
        (
            b'{"type":"x","payload_length":4294967296}\n',
            f"payload_length must be 0 to {PAYLOAD_BYTES_MAX}",
        ),
    ],
)
def test_what_is_no_wyoming_says_so(data: bytes, complaint: str) -> None:
    with pytest.raises(FramingError, match=complaint):
        EventReader().feed(data)


@given(st.binary(max_size=200))
def test_nothing_else_is_raised(data: bytes) -> None:
    with suppress(FramingError):
        EventReader().feed(data + b"\n")
