"""Timeouts of one reply, in virtual time: only waiting for the endpoint counts."""

import asyncio

import pytest

from models.llm.patience import ChatTimeouts, Patience
from voice_server.bench.virtual_time import run_virtual

pytestmark = pytest.mark.story

_TIMEOUTS = ChatTimeouts(first_token_s=10, between_tokens_s=4, total_s=12, usage_s=1)


async def _given_up_after(patience: Patience) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(TimeoutError):
        await patience.wait(asyncio.sleep(1000))
    return loop.time() - started


def test_the_first_token_may_take_its_time() -> None:
    async def story() -> None:
        patience = Patience(_TIMEOUTS)
        await patience.wait(asyncio.sleep(7))
        assert await _given_up_after(patience) == pytest.approx(3)
        assert patience.complaint == "sent no text within 10 s"

    run_virtual(story())


def test_after_text_the_next_wait_begins_anew() -> None:
    async def story() -> None:
        patience = Patience(_TIMEOUTS)
        await patience.wait(asyncio.sleep(7))
        patience.saw_text()
        assert await _given_up_after(patience) == pytest.approx(4)
        assert patience.complaint == "sent nothing for 4 s in the middle of a reply"

    run_virtual(story())


def test_the_total_ends_a_reply_that_trickles() -> None:
    async def story() -> None:
        patience = Patience(_TIMEOUTS)
        for _ in range(3):
            await patience.wait(asyncio.sleep(3))
            patience.saw_text()
        assert await _given_up_after(patience) == pytest.approx(3)
        assert patience.complaint == "took longer than 12 s for one reply"

    run_virtual(story())


def test_a_slow_caller_uses_nothing_up() -> None:
    async def story() -> None:
        patience = Patience(_TIMEOUTS)
        await patience.wait(asyncio.sleep(1))
        patience.saw_text()
        await asyncio.sleep(3600)
        assert await patience.wait(asyncio.sleep(3, "still there")) == "still there"

    run_virtual(story())


def test_after_the_finish_only_the_counts_are_awaited() -> None:
    async def story() -> None:
        patience = Patience(_TIMEOUTS)
        patience.saw_finish()
        assert await _given_up_after(patience) == pytest.approx(1)

    run_virtual(story())
