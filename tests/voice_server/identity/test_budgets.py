"""Budgets: reserved, settled, per user and day, and never passed by more than what is under way."""

import asyncio

import pytest

from tests.support.store_clock import NOON, HandClock
from voice_server.closes import ErrorCode
from voice_server.identity.budgets import Budgets
from voice_server.identity.identity import ANYONE, Denied, Identity
from voice_server.identity.memory_store import MemoryStore
from voice_server.metrics import Metrics
from voice_server.settings import BudgetSettings

pytestmark = pytest.mark.pure

ALICE, BOB = Identity("alice", "key"), Identity("bob", "key")


class Office:
    """Budgets of 100 characters, one minute and no limit of tokens."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.metrics = Metrics()
        self.store = MemoryStore(self.clock)
        settings = BudgetSettings(audio_min_max=1, llm_tokens_max=0, tts_chars_max=100)
        self.budgets = Budgets(settings, self.store, self.metrics, self.clock)

    def hits(self, limit: str) -> float:
        name = "voice_server_limit_hits_total"
        return self.metrics.registry.get_sample_value(name, {"limit": limit}) or 0.0


async def test_what_is_reserved_is_gone_for_others() -> None:
    office = Office()
    await office.budgets.reserve(ALICE, "tts_chars", 60)
    with pytest.raises(Denied) as spent:
        await office.budgets.reserve(ALICE, "tts_chars", 50)
    refusal = spent.value.refusal
    assert refusal.code is ErrorCode.BUDGET_EXCEEDED
    assert refusal.retry_after_s == 12 * 3600 + 1
    assert "characters" in refusal.message
    assert office.hits("budget_tts_chars") == 1
    assert (await office.budgets.reserve(BOB, "tts_chars", 100)).total == 100


async def test_what_was_not_used_comes_back_and_what_was_besides_is_added() -> None:
    office = Office()
    reserved = await office.budgets.reserve(ALICE, "tts_chars", 60)
    await office.budgets.settle(ALICE, reserved, 10)
    reserved = await office.budgets.reserve(ALICE, "tts_chars", 90)
    await office.budgets.settle(ALICE, reserved, 95)
    assert await office.store.total(reserved.account) == 105
    with pytest.raises(Denied):
        await office.budgets.check(ALICE, ["tts_chars"])
    await office.budgets.check(ALICE, ["audio_ms", "llm_tokens"])


async def test_the_rest_can_be_had() -> None:
    office = Office()
    await office.budgets.reserve(ALICE, "tts_chars", 70)
    assert (await office.budgets.reserve_some(ALICE, "tts_chars", 50)).amount == 30
    with pytest.raises(Denied):
        await office.budgets.reserve_some(ALICE, "tts_chars", 50)


async def test_a_hundred_at_once_get_no_more_than_one() -> None:
    office = Office()
    await office.budgets.reserve(ALICE, "tts_chars", 99)
    asking = (office.budgets.reserve(ALICE, "tts_chars", 1) for _ in range(100))
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert len([one for one in outcomes if not isinstance(one, Denied)]) == 1


async def test_midnight_renews_it() -> None:
    office = Office()
    yesterday = await office.budgets.reserve(ALICE, "audio_ms", 60_000)
    office.clock.now = NOON + 12 * 3600
    today = await office.budgets.reserve(ALICE, "audio_ms", 60_000)
    await office.budgets.settle(ALICE, yesterday, 0)
    assert (today.total, await office.store.total(yesterday.account)) == (60_000, 0)


async def test_zero_and_an_open_server_have_no_limit() -> None:
    office = Office()
    for identity in (ALICE, ANYONE):
        reserved = await office.budgets.reserve(identity, "llm_tokens", 10**9)
        await office.budgets.settle(identity, reserved, 10**9 + 1)
    await office.budgets.reserve(ANYONE, "tts_chars", 10**9)
    await office.budgets.check(ANYONE, ["audio_ms", "llm_tokens", "tts_chars"])
    assert not office.budgets.nearly_gone(ANYONE, "tts_chars", 10**9)


def test_four_fifths_are_a_warning() -> None:
    budgets = Office().budgets
    assert not budgets.nearly_gone(ALICE, "tts_chars", 79)
    assert budgets.nearly_gone(ALICE, "tts_chars", 80)
