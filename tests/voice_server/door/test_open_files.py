"""There are never more connections than leave descriptors for the rest."""

import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.door.open_files import RESERVED, connections_beside, room_for

pytestmark = pytest.mark.pure

counts = st.integers(min_value=1, max_value=100_000)


@given(counts, counts, st.integers(min_value=0, max_value=1000))
def test_there_is_room_for_somebody_and_never_for_too_many(
    files_max: int, connections_max: int, open_now: int
) -> None:
    room = connections_beside(files_max, connections_max, open_now)
    assert 1 <= room <= connections_max
    if files_max > open_now + 1:
        assert room <= files_max - open_now


def test_what_is_reserved_stays_free() -> None:
    assert connections_beside(1024, 5000, 24) == 1000 - RESERVED
    assert connections_beside(100, 5000, 20) == 40
    assert connections_beside(-1, 5000, 20) == 5000


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_an_operator_is_told_of_too_tight_a_limit(caplog: pytest.LogCaptureFixture) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        with caplog.at_level(logging.WARNING):
            assert room_for(10) == 10
            assert caplog.records == []
            room = room_for(10**9)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert room < 10**9
    assert "ulimit -n" in caplog.text
