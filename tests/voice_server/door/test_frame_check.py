"""Frames that break RFC 6455 never reach the reader; all others do, byte by byte."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.raw_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close,
    fragments,
    frame,
)
from voice_server.door.frame_check import Fault, FrameCheck, may_be_sent
from voice_server.intake import TokenBucket

pytestmark = pytest.mark.pure

FRAGMENTS_MAX = 8

masks = st.binary(min_size=4, max_size=4)
payloads = st.binary(max_size=300)
controls = st.builds(frame, st.sampled_from([PING, PONG]), st.binary(max_size=125), mask=masks)
messages = st.one_of(
    st.builds(frame, st.sampled_from([TEXT, BINARY]), payloads, mask=masks),
    st.lists(st.binary(max_size=20), min_size=1, max_size=FRAGMENTS_MAX).map(
        lambda pieces: fragments(BINARY, *pieces)
    ),
    controls,
)

WRONG = {
    Fault.UNMASKED: frame(TEXT, b"{}", mask=None),
    Fault.LENGTH: frame(TEXT, b"{}", form=64),
    Fault.ORDER: frame(CONTINUATION, b"{}"),
    Fault.CLOSE_CODE: close(1006),
    Fault.FRAGMENTS: fragments(BINARY, *[b""] * (FRAGMENTS_MAX + 2)),
}


def check() -> FrameCheck:
    return FrameCheck(FRAGMENTS_MAX, TokenBucket(1, 1000, 0), TokenBucket(1, 1000, 0))


def sliced(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


cuts = st.lists(st.integers(min_value=0, max_value=5000), max_size=30)


@given(st.lists(messages, max_size=8), cuts)
def test_what_is_right_passes_unchanged(frames: list[bytes], cuts: list[int]) -> None:
    frame_check = check()
    data = b"".join(frames)
    passed = [frame_check.admit(piece, 0) for piece in sliced(data, cuts)]
    assert b"".join(passed) == data
    assert frame_check.fault is None


@given(st.lists(messages, max_size=4), st.sampled_from(list(WRONG)), cuts)
def test_what_is_wrong_is_replaced_by_what_a_reader_refuses(
    frames: list[bytes], fault: Fault, cuts: list[int]
) -> None:
    frame_check = check()
    before = b"".join(frames)
    data = before + WRONG[fault] + frame(TEXT, b"{}")
    passed = b"".join(frame_check.admit(piece, 0) for piece in sliced(data, cuts))
    assert frame_check.fault is fault
    assert passed.startswith(before)
    assert passed.endswith(fault.instead)
    assert frame_check.admit(frame(TEXT, b"{}"), 0) == b""


@given(st.binary(max_size=200), cuts)
def test_any_bytes_are_judged_alike_in_any_slices(data: bytes, cuts: list[int]) -> None:
    whole, in_pieces = check(), check()
    admitted = whole.admit(data, 0)
    assert b"".join(in_pieces.admit(piece, 0) for piece in sliced(data, cuts)) == admitted
    assert in_pieces.fault is whole.fault


def test_control_frames_have_a_rate() -> None:
    frame_check = FrameCheck(FRAGMENTS_MAX, TokenBucket(10, 20, 0), TokenBucket(1, 1000, 0))
    frame_check.admit(frame(PING) * 20, 0)
    frame_check.admit(frame(PONG) * 10, 1)
    assert frame_check.fault is None
    assert frame_check.admit(frame(PING), 1) == b""
    assert frame_check.fault is Fault.CONTROL_FRAMES


@pytest.mark.parametrize("crumb", [frame(TEXT), frame(BINARY, b"a"), frame(PING)])
def test_frames_of_any_kind_have_a_rate(crumb: bytes) -> None:
    """S-09: nothing is looked at beyond the one that is too many."""
    frame_check = FrameCheck(FRAGMENTS_MAX, TokenBucket(1, 1000, 0), TokenBucket(10, 40, 0))
    assert frame_check.admit(crumb * 40, 0) == crumb * 40
    assert frame_check.admit(crumb * 10, 1) == crumb * 10
    assert frame_check.admit(crumb * 100_000, 2) == crumb * 10
    assert frame_check.fault is Fault.FRAMES


def test_control_frames_may_come_between_fragments() -> None:
    frame_check = check()
    begun = frame(TEXT, b"{", fin=False)
    frame_check.admit(begun + frame(PING) + frame(CONTINUATION, b"}") + frame(TEXT), 0)
    assert frame_check.fault is None


@pytest.mark.parametrize("payload", [b"", b"\x03", b"\x03\xe8", b"\x0f\xa0why"])
def test_a_close_frame_comes_through_in_any_slices(payload: bytes) -> None:
    frame_check = check()
    data = frame(CLOSE, payload)
    assert b"".join(frame_check.admit(bytes([byte]), 0) for byte in data) == data


def test_codes_that_nobody_may_send() -> None:
    sent = [code for code in range(1 << 16) if may_be_sent(code)]
    registered = [1000, 1001, 1002, 1003, *range(1007, 1015)]
    assert sent == [*registered, *range(3000, 5000)]
