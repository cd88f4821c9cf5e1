"""What every store of calls must do, as tests: a class that a test module inherits.

The module's class gives one fixture, `store`: an empty one.
"""

import asyncio

from voice_server.calls.call_store import CallStore, Claim, Commit, Kept, Outcome

ALICE = Claim("alice", "d1", "d2")


def commit(epoch: int = 1, first: int = 2, *entries: bytes, **more: object) -> Commit:
    """A commit whose call is opened by `d1`."""
    values: dict[str, object] = {"digests": ("d1",), "entries_kept": 9, "fields": {}, **more}
    return Commit(epoch=epoch, first=first, entries=entries, **values)  # type: ignore[arg-type]


async def adopted(store: CallStore, claim: Claim = ALICE) -> Kept:
    """What is kept, for its next owner."""
    kept = await store.adopt("ses", claim)
    assert kept is not None
    return kept


class CallStoreContract:
    """Owners, entries and what they open."""

    async def test_what_was_committed_is_there_for_the_next_owner(self, store: CallStore) -> None:
        first = commit(1, 2, b"two", fields={"a": b"1", "b": b"1"})
        assert await store.create("ses", "alice", first) is Outcome.KEPT
        news = commit(1, 3, b"three", b"\xff\0", fields={"b": b"2"})
        assert await store.commit("ses", news) is Outcome.KEPT
        assert await adopted(store) == Kept(
            2, {"a": b"1", "b": b"2"}, [b"two", b"three", b"\xff\0"]
        )

    async def test_whoever_was_owner_before_is_fenced(self, store: CallStore) -> None:
        await store.create("ses", "alice", commit())
        await adopted(store)
        assert await store.commit("ses", commit(1, 2, b"late")) is Outcome.FENCED
        assert await store.create("ses", "alice", commit(1, 2, b"late")) is Outcome.FENCED
        assert (await adopted(store)).entries == []

    async def test_only_with_its_secret_and_by_its_user(self, store: CallStore) -> None:
        await store.create("ses", "alice", commit())
        assert await store.adopt("ses", Claim("bob", "d1", "d2")) is None
        assert await store.adopt("ses", Claim("alice", "d", "d2")) is None
        assert await store.adopt("other", ALICE) is None
        assert await store.commit("ses", commit()) is Outcome.KEPT

    async def test_what_was_offered_and_what_is_fresh_open_it(self, store: CallStore) -> None:
        await store.create("ses", "alice", commit())
        assert (await adopted(store)).epoch == 2
        assert (await adopted(store, Claim("alice", "d2", "d3"))).epoch == 3
        assert await store.adopt("ses", ALICE) is None

    async def test_of_many_who_adopt_each_fences_the_one_before(self, store: CallStore) -> None:
        await store.create("ses", "alice", commit())
        claims = (Claim("alice", "d1", f"f{number}") for number in range(50))
        kept = await asyncio.gather(*(store.adopt("ses", claim) for claim in claims))
        epochs = sorted(one.epoch for one in kept if one)
        assert epochs == list(range(2, 52))
        outcomes = [await store.commit("ses", commit(epoch)) for epoch in epochs]
        assert outcomes == [Outcome.FENCED] * 49 + [Outcome.KEPT]

    async def test_what_is_not_there_is_missing(self, store: CallStore) -> None:
        assert await store.commit("ses", commit()) is Outcome.MISSING
        assert await store.adopt("ses", ALICE) is None

    async def test_a_later_owner_replaces_what_an_earlier_one_left(self, store: CallStore) -> None:
        await store.create("ses", "alice", commit(1, 2, b"old", fields={"a": b"1"}))
        assert await store.commit("ses", commit(2)) is Outcome.MISSING
        assert await store.create("ses", "alice", commit(2, 5, b"new")) is Outcome.KEPT
        assert await adopted(store) == Kept(3, {}, [b"new"])

    async def test_entries_are_written_once_however_often_they_come(self, store: CallStore) -> None:
        await store.create("ses", "alice", commit(1, 2, b"2", b"3"))
        await store.commit("ses", commit(1, 2, b"2", b"3"))
        await store.commit("ses", commit(1, 3, b"3", b"4"))
        await store.commit("ses", commit(1, 5))
        assert (await adopted(store)).entries == [b"2", b"3", b"4"]

    async def test_a_store_that_has_lost_entries_is_told_all_of_them(
        self, store: CallStore
    ) -> None:
        await store.create("ses", "alice", commit(1, 5, b"5"))
        assert await store.commit("ses", commit(1, 7, b"7")) is Outcome.MISSING
        assert await store.commit("ses", commit(1, 6, b"6")) is Outcome.KEPT
        await store.create("ses", "alice", commit(1, 9))
        assert await store.commit("ses", commit(1, 9, b"9")) is Outcome.KEPT
        assert (await adopted(store)).entries == [b"9"]

    async def test_of_all_entries_the_newest_stay(self, store: CallStore) -> None:
        await store.create("ses", "alice", commit(1, 2, b"2", b"3", b"4", entries_kept=2))
        await store.commit("ses", commit(1, 5, b"5", entries_kept=2))
        assert (await adopted(store)).entries == [b"4", b"5"]
        await store.commit("ses", commit(2, 6, entries_kept=0))
        assert (await adopted(store)).entries == []

    async def test_a_call_belongs_to_its_user(self, store: CallStore) -> None:
        await store.create("ses", "alice", commit())
        assert await store.belongs("ses", "alice")
        assert not await store.belongs("ses", "bob")
        assert not await store.belongs("other", "alice")

    async def test_what_is_over_is_forgotten_unless_there_is_a_later_owner(
        self, store: CallStore
    ) -> None:
        await store.create("ses", "alice", commit(3))
        await store.forget("ses", 2)
        assert await store.belongs("ses", "alice")
        await store.forget("ses", 3)
        assert not await store.belongs("ses", "alice")
        assert await store.adopt("ses", ALICE) is None

    async def test_what_is_over_stays_over(self, store: CallStore) -> None:
        await store.create("ses", "alice", commit(1, 2, b"2", fields={"a": b"1"}))
        await store.forget("ses", 1)
        assert await store.commit("ses", commit(1, 3, b"3")) is Outcome.FENCED
        assert await store.create("ses", "alice", commit(1, 3, b"3")) is Outcome.FENCED
