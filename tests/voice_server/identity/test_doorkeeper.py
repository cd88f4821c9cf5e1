"""Which credential makes whom, and why not; guesses are counted by address."""

from typing import Any

import pytest
from multidict import CIMultiDict

from tests.support.store_clock import NOON, BrokenStore, HandClock
from voice_server.closes import ErrorCode
from voice_server.identity.approach import Approach
from voice_server.identity.client_secrets import ClientSecrets
from voice_server.identity.doorkeeper import Doorkeeper
from voice_server.identity.identity import ANYONE, Denied, Identity, Leash
from voice_server.identity.keys import entry
from voice_server.identity.store import StoreUnavailable
from voice_server.identity.tab import turns_account
from voice_server.identity.tickets import Tickets
from voice_server.metrics import Metrics
from voice_server.settings import AuthSettings

pytestmark = pytest.mark.pure

KEY = "a-key-of-enough-letters"
ALICE = Identity("alice", "key")
KIOSK = "https://kiosk.example"


class Door:
    """A doorkeeper, and what it has to look things up."""

    def __init__(self, **settings: Any) -> None:
        self.clock = HandClock()
        self.store = BrokenStore(self.clock)
        self.store.broken = False
        self.tickets = Tickets(self.store, 30)
        self.metrics = Metrics()
        self.secrets = ClientSecrets("a secret of more than thirty-two letters")
        self.keeper = Doorkeeper(
            AuthSettings(**{"keys": (entry(KEY, "alice"),), **settings}),
            self.store,
            tickets=self.tickets,
            secrets=self.secrets,
            metrics=self.metrics,
            now=self.clock,
        )

    async def who(
        self,
        credential: str = "",
        *,
        origin: str | None = None,
        query: dict[str, str] | None = None,
        address: str = "10.0.0.1",
    ) -> Identity:
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        headers |= {"Origin": origin} if origin else {}
        return await self.keeper.identify(Approach(CIMultiDict(headers), query or {}, address))

    def hits(self, limit: str) -> float:
        name = "voice_server_limit_hits_total"
        return self.metrics.registry.get_sample_value(name, {"limit": limit}) or 0.0

    async def why_not(self, credential: str = "", **approach: Any) -> ErrorCode:
        with pytest.raises(Denied) as denied:
            await self.who(credential, **approach)
        return denied.value.refusal.code


async def test_each_credential_makes_somebody() -> None:
    door = Door()
    assert (await door.who(KEY)).user == "alice"
    ticket = await door.tickets.issue(ALICE, NOON)
    assert (await door.who(ticket.value)).how == "ticket"
    secret = door.secrets.issue(ALICE, NOON, 600)
    assert (await door.who(secret)).how == "client_secret"


async def test_an_open_server_takes_anything_but_a_bad_secret() -> None:
    door = Door(keys=())
    assert await door.who() is ANYONE
    assert await door.who("whatever") is ANYONE
    assert await door.why_not("ek_made.up.one") is ErrorCode.UNAUTHORIZED
    assert await door.why_not("tk_made-up") is ErrorCode.UNAUTHORIZED
    secret = door.secrets.issue(ANYONE, NOON, 600)
    assert (await door.who(secret)).user == "anyone"


async def test_a_ticket_is_gone_when_it_was_used() -> None:
    door = Door()
    ticket = await door.tickets.issue(ALICE, NOON)
    await door.who(ticket.value)
    assert await door.why_not(ticket.value) is ErrorCode.UNAUTHORIZED


async def test_an_expired_secret_says_so() -> None:
    door = Door()
    secret = door.secrets.issue(ALICE, NOON - 600, 600)
    assert await door.why_not(secret) is ErrorCode.TOKEN_EXPIRED


async def test_the_address_counts_only_where_it_is_allowed() -> None:
    ticket = await (door := Door()).tickets.issue(ALICE, NOON)
    assert await door.why_not(query={"ticket": ticket.value}) is ErrorCode.UNAUTHORIZED
    door = Door(allow_query_token=True)
    ticket = await door.tickets.issue(ALICE, NOON)
    assert (await door.who(query={"ticket": ticket.value})).user == "alice"


async def test_a_leash_holds_to_its_page() -> None:
    door = Door()
    secret = door.secrets.issue(Identity("alice", "key", leash=Leash(origin=KIOSK)), NOON, 600)
    assert (await door.who(secret, origin=KIOSK)).user == "alice"
    assert await door.why_not(secret, origin="https://other.example") is ErrorCode.UNAUTHORIZED
    assert await door.why_not(secret) is ErrorCode.UNAUTHORIZED


async def test_a_leash_that_is_used_up_opens_nothing() -> None:
    door = Door()
    secret = door.secrets.issue(Identity("alice", "key", leash=Leash(turns_max=3)), NOON, 600)
    held = await door.who(secret)
    await door.store.add(turns_account(held), 3, limit=None, ttl_s=60)
    assert await door.why_not(secret) is ErrorCode.FORBIDDEN
    assert door.hits("turns") == 1


async def test_the_revoked_stay_outside() -> None:
    door = Door()
    ticket = await door.tickets.issue(ALICE, NOON)
    door.keeper.revocations = {"alice": NOON}
    assert await door.why_not(KEY) is ErrorCode.REVOKED
    assert await door.why_not(ticket.value) is ErrorCode.REVOKED


async def test_guesses_are_counted_by_address_and_forgotten_after_a_minute() -> None:
    door = Door(failures_per_min_max=3)
    codes = [await door.why_not(f"a wrong key {number}") for number in range(4)]
    assert codes == [ErrorCode.UNAUTHORIZED] * 3 + [ErrorCode.RATE_LIMITED]
    assert await door.why_not(KEY) is ErrorCode.RATE_LIMITED
    assert door.hits("failures_per_min") == 2
    assert (await door.who(KEY, address="10.0.0.2")).user == "alice"
    door.clock.now += 60
    assert (await door.who(KEY)).user == "alice"


async def test_who_offers_nothing_guesses_nothing() -> None:
    door = Door(failures_per_min_max=1)
    for _ in range(3):
        assert await door.why_not() is ErrorCode.UNAUTHORIZED
    assert (await door.who(KEY)).user == "alice"


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("", "", True),
    ],
)
async def test_one_network_is_one_guesser(one: str, other: str, shared: bool) -> None:
    door = Door(failures_per_min_max=1)
    await door.why_not("a wrong key", address=one)
    told = await door.why_not("a wrong key", address=other)
    assert (told is ErrorCode.RATE_LIMITED) is shared


async def test_r20_without_a_store_a_key_is_known_and_a_ticket_is_not() -> None:
    """A key lets somebody back to a session that they have; there are no places for others."""
    door = Door(failures_per_min_max=1)
    ticket = await door.tickets.issue(Identity("alice", "key"), NOON)
    door.store.broken = True
    assert (await door.who(KEY)).user == "alice"
    with pytest.raises(StoreUnavailable):
        await door.who(ticket.value)
    assert await door.why_not("a wrong key") is ErrorCode.UNAUTHORIZED
    assert await door.why_not(KEY) is ErrorCode.RATE_LIMITED
