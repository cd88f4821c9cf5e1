"""Clients come and go in all manners, and afterwards the process is as it was before."""

import pytest

from tests.support.visitors import hospitable, visits

pytestmark = pytest.mark.socket

WARM_UP = 40
VISITS = 100
ASKING = 1
"""The connection that has asked whether everybody is gone may still be closing."""
STARTED_LATE = 4
"""asyncio starts threads for files and names when it first needs them; it has six at most here."""
LEAK_BYTES_MAX = 40_000
"""Per visit; less than a session that stays behind."""


async def test_nothing_stays_behind() -> None:
    """M-03; `scripts/soak` looks longer, and at M-01 and M-02."""
    with hospitable() as server:
        files, threads, memory = await visits(server, WARM_UP)
        files_after, threads_after, memory_after = await visits(server, VISITS)
    assert files_after <= files + ASKING
    assert threads_after <= threads + STARTED_LATE
    assert memory_after - memory < VISITS * LEAK_BYTES_MAX
