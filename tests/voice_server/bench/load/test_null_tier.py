"""What is asked of servers, and how a session's log becomes figures."""

import pytest

from tests.voice_server.bench.load.test_orders import block
from voice_server.bench.load.null_tier import (
    SCRIPTED_MS,
    Measured,
    Plan,
    port_of,
    ramp_s,
    relay_ages_ms,
    spacious,
)
from voice_server.bench.load.orders import Block, Order, Session

pytestmark = pytest.mark.pure


def test_void_blocks_do_not_count() -> None:
    good, bad = block(), block("late")
    measured = Measured(Plan(), {"listening": [bad, good]})
    assert measured.valid("listening") == [good]
    assert measured.valid("listening", 2) == [good]
    assert measured.valid("listening", 50) == []
    assert measured.valid("speaking") == []


def test_tokens_are_aged_by_the_clock_of_all_processes() -> None:
    delta = '{"type":"text.delta","text":" t100500000"}'
    session = Session(1.0, [], [(0.5, '{"type":"state"}'), (1.0, delta)], began_s=100.0)
    order = Order(port=1, pid=1)
    relayed = Block(order, 1, 0, 0, 0, 0, None, None, 0, 0, [session])
    assert relay_ages_ms(relayed) == pytest.approx([500.0])


def test_a_server_has_room_for_all() -> None:
    assert "limits.sessions_max=600" in spacious(300)
    assert "limits.sessions_max=200" in spacious(1)


def test_small_matters() -> None:
    assert port_of("http://127.0.0.1:8080/") == 8080
    assert ramp_s(500) == 10
    assert SCRIPTED_MS == 680
