"""Tickets: once, in time, and everything they were bound to."""

import asyncio
import hashlib

import msgspec
import pytest

from models.llm import Tool
from tests.support.store_clock import NOON, HandClock
from voice_server.events import SessionConfig
from voice_server.identity.identity import Identity, Leash, SessionDefaults
from voice_server.identity.memory_store import MemoryStore
from voice_server.identity.store import StoreUnavailable
from voice_server.identity.tickets import Tickets, credential

pytestmark = pytest.mark.pure

ALICE = Identity(
    "alice",
    "key",
    "key_1",
    leash=Leash(60.0, 3, "https://kiosk.example"),
    session=SessionDefaults(
        "transcription",
        SessionConfig(
            language="de",
            turn={"silence_ms": 400, "mode": "vad"},
            tools=(Tool("look", "Look.", {"type": "object"}),),
        ),
    ),
)


@pytest.fixture
def clock() -> HandClock:
    """Noon."""
    return HandClock()


@pytest.fixture
def tickets(clock: HandClock) -> Tickets:
    """Good for 30 s."""
    return Tickets(MemoryStore(clock), 30)


async def test_it_brings_back_what_it_was_issued_for(tickets: Tickets) -> None:
    ticket = await tickets.issue(ALICE, NOON)
    held = await tickets.redeem(ticket.value)
    assert held is not None
    assert held == ticket.identity
    assert (held.user, held.how, held.issued_at) == ("alice", "ticket", NOON)
    assert (held.leash, held.session) == (ALICE.leash, ALICE.session)
    assert ticket.expires_at == NOON + 30
    assert held.credential == credential(ticket.value)


async def test_it_is_good_once_whoever_comes(tickets: Tickets) -> None:
    ticket = await tickets.issue(ALICE, NOON)
    held = await asyncio.gather(*(tickets.redeem(ticket.value) for _ in range(1000)))
    assert len([one for one in held if one]) == 1


async def test_a_store_that_forgot_the_use_lets_nobody_in_twice(clock: HandClock) -> None:
    """T25: what a crash takes out of Redis is what was written last."""
    store = MemoryStore(clock)
    tickets = Tickets(store, 30, clock)
    ticket = await tickets.issue(ALICE, NOON)
    assert await tickets.redeem(ticket.value)
    key = f"ticket:{hashlib.sha256(ticket.value.encode()).hexdigest()}"
    await store.put(key, msgspec.json.encode(ticket.identity), 30)
    assert await Tickets(store, 30, clock).redeem(ticket.value), "it is alive again"
    await store.put(key, msgspec.json.encode(ticket.identity), 30)
    clock.now += 29.9
    assert await tickets.redeem(ticket.value) is None


async def test_used_tickets_are_remembered_within_bounds(
    clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voice_server.identity.tickets.USED_MAX", 1)
    tickets = Tickets(MemoryStore(clock), 30, clock)
    first, second = [await tickets.issue(ALICE, NOON) for _ in range(2)]
    assert await tickets.redeem(first.value)
    with pytest.raises(StoreUnavailable, match="too many tickets"):
        await tickets.redeem(second.value)
    clock.now += 30
    third = await tickets.issue(ALICE, NOON)
    assert await tickets.redeem(third.value)


async def test_it_is_good_for_its_time(tickets: Tickets, clock: HandClock) -> None:
    ticket = await tickets.issue(ALICE, NOON)
    clock.now += 30
    assert await tickets.redeem(ticket.value) is None


@pytest.mark.parametrize("value", ["", "tk_", "tk_guessed", "ticket:\udcff"])
async def test_others_are_none(tickets: Tickets, value: str) -> None:
    assert await tickets.redeem(value) is None


async def test_it_cannot_be_guessed_from_its_name(tickets: Tickets) -> None:
    ticket = await tickets.issue(ALICE, NOON)
    assert len(ticket.value) >= 43
    assert ticket.value not in ticket.identity.credential
    assert set(ticket.value) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    )
