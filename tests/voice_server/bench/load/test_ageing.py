"""Sessions grow old faster than time passes, and are then compared with new ones."""

import pytest

from tests.support.servers import SCRIPTED
from voice_server.bench.live import server
from voice_server.bench.load.ageing import AgeOrder, run_ageing
from voice_server.bench.load.null_tier import AGED_PATH, port_of, spacious
from voice_server.bench.load.orders import Order

pytestmark = pytest.mark.socket


def test_old_sessions_are_measured_beside_young_ones() -> None:
    fast = ("--set", "limits.audio_rate_max=10000")
    with server((*SCRIPTED, "--offline", *spacious(4), *fast)) as (url, pid):
        order = Order(port_of(url), pid, AGED_PATH, speech="Stop.", sessions=2, seconds=0.5)
        aged = run_ageing(AgeOrder(order, minutes=2, rounds=2))
    assert min(aged.young_bytes, aged.old_bytes) > 10_000_000
    assert len(aged.rounds) == 2
    assert all("refused" not in (one.void or "") for one in aged.rounds)


def test_a_failure_says_why() -> None:
    with pytest.raises(RuntimeError, match="the load generator failed"):
        run_ageing(AgeOrder(Order(port=1, pid=1 << 30, speech="Stop.")))
