"""Engines never wait at the inbox, clients wait for room, and everything comes out in order."""

import asyncio

import pytest

from voice_server.bench.virtual_time import run_virtual
from voice_server.conversation.inbox import DELIVERED_MAX, Inbox
from voice_server.events import Pinged, ReplyVoiceEnded

pytestmark = pytest.mark.pure


async def _filled() -> Inbox:
    inbox = Inbox()
    for number in range(DELIVERED_MAX):
        await inbox.deliver(Pinged(number))
    return inbox


async def _settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_events_come_out_in_the_order_they_came() -> None:
    inbox = Inbox()
    events = [Pinged(1.0), ReplyVoiceEnded(2), Pinged(3.0)]
    await inbox.deliver(events[0])  # type: ignore[arg-type]
    inbox.post(events[1])  # type: ignore[arg-type]
    await inbox.deliver(events[2])  # type: ignore[arg-type]
    assert len(inbox) == 3
    assert [await inbox.take(None) for _ in events] == events
    assert len(inbox) == 0


async def test_a_client_waits_for_room() -> None:
    inbox = await _filled()
    waiting = asyncio.create_task(inbox.deliver(Pinged(99)))
    await _settle()
    assert not waiting.done()
    assert await inbox.take(None) == Pinged(0)
    await waiting
    assert len(inbox) == DELIVERED_MAX


async def test_taking_an_engines_event_makes_no_room_for_a_client() -> None:
    inbox = Inbox()
    inbox.post(ReplyVoiceEnded(1))
    for number in range(DELIVERED_MAX):
        await inbox.deliver(Pinged(number))
    waiting = asyncio.create_task(inbox.deliver(Pinged(99)))
    assert await inbox.take(None) == ReplyVoiceEnded(1)
    await _settle()
    assert not waiting.done()
    await inbox.take(None)
    await waiting


async def test_an_engine_finds_room_in_a_full_box() -> None:
    inbox = await _filled()
    waiting = asyncio.create_task(inbox.deliver(Pinged(99)))
    inbox.post(ReplyVoiceEnded(1))
    assert len(inbox) == DELIVERED_MAX + 1
    for _ in range(DELIVERED_MAX):
        await inbox.take(None)
    await waiting
    assert await inbox.take(None) == ReplyVoiceEnded(1)
    assert await inbox.take(None) == Pinged(99)


async def test_who_gives_up_waiting_takes_no_room() -> None:
    inbox = await _filled()
    given_up = asyncio.create_task(inbox.deliver(Pinged(99)))
    await _settle()
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await inbox.take(None)
    await inbox.deliver(Pinged(100))
    assert len(inbox) == DELIVERED_MAX


async def test_the_reader_wakes_up_when_something_comes() -> None:
    inbox = Inbox()
    reader = asyncio.create_task(inbox.take(None))
    await _settle()
    assert not reader.done()
    inbox.post(ReplyVoiceEnded(7))
    assert await reader == ReplyVoiceEnded(7)
    again = asyncio.create_task(inbox.take(None))
    await _settle()
    assert not again.done()
    inbox.post(ReplyVoiceEnded(8))
    assert await again == ReplyVoiceEnded(8)


def test_the_reader_wakes_up_at_its_deadline() -> None:
    async def conversation() -> float:
        loop = asyncio.get_running_loop()
        assert await Inbox().take(loop.time() + 30) is None
        return loop.time()

    assert run_virtual(conversation()) == 30


def test_deadlines_may_move_either_way() -> None:
    async def conversation() -> list[float]:
        loop, inbox = asyncio.get_running_loop(), Inbox()
        woken = []
        for deadline in (30.0, 10.0, 20.0, 90.0):
            loop.call_at(5.0, inbox.post, ReplyVoiceEnded(1))
            while await inbox.take(deadline) is not None:
                pass
            woken.append(loop.time())
        return woken

    assert run_virtual(conversation()) == [30, 30, 30, 90]


async def test_who_is_late_again_and_again_lets_others_have_their_turn() -> None:
    inbox, past = Inbox(), asyncio.get_running_loop().time() - 1
    other = asyncio.create_task(asyncio.sleep(0))
    for _ in range(3):
        assert await inbox.take(past) is None
    assert other.done()


async def test_a_deadline_that_has_passed_hides_nothing() -> None:
    inbox = Inbox()
    past = asyncio.get_running_loop().time() - 1
    assert await inbox.take(past) is None
    inbox.post(ReplyVoiceEnded(1))
    assert await inbox.take(past) == ReplyVoiceEnded(1)
