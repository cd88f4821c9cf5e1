"""The tab of a session: slices, the notice, the end, and an honest bill afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.store_clock import BrokenStore, HandClock
from tests.voice_server.identity.test_usage import done, final, started
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.identity.budgets import Budgets
from voice_server.identity.identity import Identity, Leash
from voice_server.identity.store import Store
from voice_server.identity.tab import Tab, turns_account
from voice_server.metrics import Metrics
from voice_server.settings import BudgetSettings

pytestmark = pytest.mark.pure

ALICE = Identity("alice", "key", "key_1")
ACCOUNT = "spent:alice:audio_ms:2026-11-21"


class Told(list[ev.ServerEvent]):
    """What a client was told, and a way to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def tell(self, event: ev.ServerEvent) -> None:
        self.append(event)
        self._news.set()

    async def next(self) -> ev.ServerEvent:
        while not self:
            self._news.clear()
            await self._news.wait()
        return self.pop(0)


class Bar:
    """Where tabs are opened: three minutes of speech a day."""

    def __init__(self) -> None:
        clock = HandClock()
        self.store = BrokenStore(clock)
        self.store.broken = False
        settings = BudgetSettings(audio_min_max=3, llm_tokens_max=0, tts_chars_max=0)
        self.budgets = Budgets(settings, self.store, Metrics(), clock)

    @asynccontextmanager
    async def tab(
        self, identity: Identity = ALICE, mode: ev.Mode = "conversation", turns_max: int = 0
    ) -> AsyncIterator[tuple[Tab, Told]]:
        told = Told()
        tab = Tab(
            identity, self.budgets, self.store, mode=mode, turns_max=turns_max, emit=told.tell
        )
        running = asyncio.create_task(tab.run())
        await settled()
        yield tab, told
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def settled() -> None:
    """Let a tab pay: nothing in it waits for anything real."""
    for _ in range(5):
        await asyncio.sleep(0)


async def total(store: Store) -> int:
    return await store.total(ACCOUNT)


async def test_a_slice_is_reserved_before_anything_is_said_and_given_back() -> None:
    bar = Bar()
    async with bar.tab() as (tab, _):
        assert await total(bar.store) == 60_000
        tab.note(final(1, duration_ms=5000))
        await settled()
        assert await total(bar.store) == 60_000
    assert await total(bar.store) == 5000


async def test_more_is_reserved_when_a_slice_is_used_up() -> None:
    bar = Bar()
    async with bar.tab() as (tab, _):
        tab.note(final(1, duration_ms=70_000))
        await settled()
        assert await total(bar.store) == 120_000
    assert await total(bar.store) == 70_000


async def test_the_user_is_told_once_when_most_is_gone_and_stopped_when_all_is() -> None:
    bar = Bar()
    async with bar.tab() as (tab, told):
        tab.note(final(1, duration_ms=140_000))
        await settled()
        assert told == []
        tab.note(final(2, duration_ms=10_000))
        notice = await told.next()
        assert isinstance(notice, ev.Noticed)
        assert notice.code == "budget_80"
        assert notice.detail == "83 % of today's minutes of speech are used."
        tab.note(final(3, duration_ms=10_000))
        await settled()
        assert told == []
        tab.note(final(4, duration_ms=40_000))
        error = await told.next()
        assert isinstance(error, ev.ErrorRaised)
        assert (error.code, error.fatal) == (ErrorCode.BUDGET_EXCEEDED, True)
    assert await total(bar.store) == 200_000
    async with bar.tab() as (_, told):
        assert isinstance(await told.next(), ev.ErrorRaised)


async def test_a_mode_pays_for_what_it_uses() -> None:
    bar = Bar()
    await bar.store.add(ACCOUNT, 180_000, limit=None, ttl_s=60)
    async with bar.tab(mode="tts") as (tab, told):
        tab.note(started(1, "say"))
        await settled()
        assert told == []


async def test_the_leash_ends_after_the_last_answer() -> None:
    bar = Bar()
    leashed = Identity("alice", "client_secret", "secret_1", leash=Leash(turns_max=2))
    async with bar.tab(leashed) as (tab, told):
        for turn in (1, 2):
            tab.note(final(turn))
            tab.note(started(turn))
            await settled()
            assert told == []
            tab.note(done(turn))
        error = await told.next()
        assert isinstance(error, ev.ErrorRaised)
        assert (error.code, error.fatal) == (ErrorCode.FORBIDDEN, True)
    assert await bar.store.total(turns_account(leashed)) == 2


async def test_a_session_has_its_own_number_of_turns() -> None:
    bar = Bar()
    for _ in range(2):
        async with bar.tab(turns_max=1) as (tab, told):
            tab.note(final(1))
            tab.note(started(1))
            await settled()
            assert told == []
            tab.note(done(1))
            error = await told.next()
            assert isinstance(error, ev.ErrorRaised)
            assert (error.code, error.fatal) == (ErrorCode.MAX_SESSION, True)
    labels = {"limit": "max_session"}
    registry = bar.budgets.metrics.registry
    assert registry.get_sample_value("voice_server_limit_hits_total", labels) == 2


async def test_all_sessions_of_a_credential_are_on_one_leash() -> None:
    bar = Bar()
    leashed = Identity("alice", "client_secret", "secret_1", leash=Leash(turns_max=2))
    async with bar.tab(leashed) as (one, _), bar.tab(leashed) as (two, told):
        one.note(final(1))
        one.note(final(2))
        await settled()
        two.note(final(1))
        assert isinstance(await told.next(), ev.ErrorRaised)


async def test_a_transcription_ends_with_its_last_turn() -> None:
    leashed = Identity("alice", "client_secret", "secret_1", leash=Leash(turns_max=1))
    async with Bar().tab(leashed, mode="transcription") as (tab, told):
        tab.note(final(1))
        assert isinstance(await told.next(), ev.ErrorRaised)


async def test_who_is_in_goes_on_without_the_store_and_pays_later() -> None:
    bar = Bar()
    async with bar.tab() as (tab, told):
        bar.store.broken = True
        tab.note(final(1, duration_ms=70_000))
        await settled()
        assert told == []
        bar.store.broken = False
        tab.note(final(2, duration_ms=1000))
        await settled()
        assert await total(bar.store) == 120_000
