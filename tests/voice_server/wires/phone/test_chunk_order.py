"""The caller's audio in order: swapped, doubled, lost, and not sent at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.formats import AudioFormat, Codec
from voice_server.events import AudioMissed, AudioReceived
from voice_server.wires.phone import CallerAudio
from voice_server.wires.phone.chunk_order import WAITING_MAX, CallerEvent, ChunkOrder

pytestmark = pytest.mark.pure

FORMAT = AudioFormat(Codec.PCMU, 8000)


def chunk(number: int, at_ms: int | None = None) -> CallerAudio:
    return CallerAudio(bytes([number % 256]) * 160, number, at_ms)


def heard(events: list[CallerEvent]) -> list[int]:
    return [event.data[0] for event in events if isinstance(event, AudioReceived)]


def taken(*chunks: CallerAudio) -> list[CallerEvent]:
    order = ChunkOrder(FORMAT)
    return [event for one in chunks for event in order.take(one)]


def test_audio_without_numbers_is_heard_as_it_comes() -> None:
    assert heard(taken(CallerAudio(b"\x02" * 160), CallerAudio(b"\x01" * 160))) == [2, 1]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=30))
def test_chunks_that_swap_places_are_put_in_order(delays: list[int]) -> None:
    numbers = sorted(range(1, len(delays) + 1), key=lambda n: n + delays[n - 1] if n > 1 else 0)
    assert heard(taken(*map(chunk, numbers))) == list(range(1, len(delays) + 1))


def test_a_chunk_that_never_comes_is_given_up_after_a_tenth_of_a_second() -> None:
    numbers = [1, *range(3, 3 + WAITING_MAX)]
    assert heard(taken(*map(chunk, numbers))) == [1]
    assert heard(taken(*map(chunk, [*numbers, 3 + WAITING_MAX]))) == [1, *range(3, 4 + WAITING_MAX)]


def test_chunks_that_come_twice_or_too_late_are_dropped_and_counted() -> None:
    order = ChunkOrder(FORMAT)
    for number in (1, 2, 2, 1):
        order.take(chunk(number))
    assert order.late == 2


def test_a_peer_that_counts_anew_is_believed_after_a_while() -> None:
    numbers = [100, 101, *range(1, WAITING_MAX + 3)]
    assert heard(taken(*map(chunk, numbers))) == [100, 101, WAITING_MAX + 1, WAITING_MAX + 2]


def test_silence_that_was_not_sent_is_silence() -> None:
    events = taken(chunk(1, 0), chunk(2, 20), chunk(3, 540))
    assert events[2] == AudioMissed(4000, lost=False)
    assert heard(events) == [1, 2, 3]


def test_a_clock_that_is_not_exact_makes_no_silence() -> None:
    events = taken(chunk(1, 0), chunk(2, 45), chunk(3, 41), chunk(4, 60))
    assert not any(isinstance(event, AudioMissed) for event in events)
