"""Tokens tell their age, read directly or through the server."""

import pytest

from voice_server.bench.load.stamped_chat import (
    TOKENS,
    ages_ms,
    direct_ages_ms,
    stamp,
    stamped_chat,
)

pytestmark = pytest.mark.socket


def test_a_token_tells_when_it_was_written() -> None:
    assert ages_ms(" t1000000 t1002000", 1.005) == pytest.approx([5.0, 3.0])
    assert ages_ms("nothing", 1.0) == []
    assert len(ages_ms(stamp(), 0.0)) == 1


async def test_all_tokens_arrive_and_none_before_it_was_written() -> None:
    with stamped_chat() as url:
        ages = await direct_ages_ms(url)
    assert len(ages) == TOKENS
    assert min(ages) >= 0
