"""Where a head ends, however it comes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.door.request_head import RequestHead

pytestmark = pytest.mark.pure

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def fed(*pieces: bytes, bytes_max: int = 1000) -> RequestHead:
    head = RequestHead(bytes_max)
    for piece in pieces:
        head.feed(piece)
    return head


def test_nothing_has_begun_before_the_first_byte() -> None:
    assert not fed().begun
    assert fed(b"G").begun


@given(st.lists(st.integers(min_value=0, max_value=len(GET))), st.binary(max_size=20))
def test_slices_make_no_difference(cuts: list[int], behind: bytes) -> None:
    places = [0, *sorted(cuts), len(GET)]
    pieces = [GET[start:end] for start, end in pairwise(places)]
    head = fed(*pieces, behind)
    assert head.complete
    assert head.alone is not bool(behind)
    assert not head.too_long


@given(st.integers(min_value=0, max_value=len(GET) - 1))
def test_half_a_head_is_not_complete(length: int) -> None:
    head = fed(GET[:length])
    assert not head.complete
    assert not head.alone


def test_a_body_in_the_same_breath_does_not_make_it_long() -> None:
    assert not fed(GET + b"x" * 5000).too_long
    assert not fed(GET, b"x" * 5000).too_long


def test_one_byte_too_many() -> None:
    assert not fed(b"x" * 1000).too_long
    assert fed(b"x" * 1000, b"x").too_long
