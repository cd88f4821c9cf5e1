"""Orders and blocks survive the pipe."""

import pytest
from pydantic import ValidationError

from scripts.bench_peers.heard import Clip, Utterance
from scripts.bench_peers.orders import Block, Order, block_of, order_of, told

pytestmark = pytest.mark.pure


def test_orders_come_through_whole() -> None:
    clip = Clip("turn", "a.wav", 0.5, 1.0, [("turn", 1.0)])
    order = Order("wyoming", 1, 2, [clip], 3, options={"a": 1})
    told_back = order_of(told(order))
    assert (told_back.wire, told_back.talkers, told_back.options) == ("wyoming", 3, {"a": 1})
    assert told_back.clips == [clip]


def test_blocks_come_through_whole() -> None:
    block = Block(1, 0.5, 1.0, None, "late", [Utterance(0, [(1.0, "turn", True)], "OSError: gone")])
    assert block_of(told(block)) == block


def test_an_order_without_a_port_is_none() -> None:
    with pytest.raises(ValidationError):
        order_of('{"wire": "wyoming"}')
