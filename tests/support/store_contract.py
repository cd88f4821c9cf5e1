"""What every store must do, as tests: a class that a test module inherits, with a store of its own.

The module's class gives two fixtures: `store`, and `elapse`, which lets seconds pass for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from voice_server.identity.store import Store

Elapse = Callable[[float], Awaitable[None]]


class StoreContract:
    """Single steps, races and lives."""

    async def test_a_value_is_taken_once(self, store: Store) -> None:
        await store.put("ticket", b"alice", 30)
        assert await store.take("ticket") == b"alice"
        assert await store.take("ticket") is None

    async def test_of_many_who_take_a_value_one_gets_it(self, store: Store) -> None:
        for number in range(20):
            await store.put(f"ticket {number}", b"alice", 30)
            takes = (store.take(f"ticket {number}") for _ in range(50))
            taken = await asyncio.gather(*takes)
            assert [value for value in taken if value is not None] == [b"alice"]

    async def test_a_value_dies(self, store: Store, elapse: Elapse) -> None:
        await store.put("ticket", b"alice", 1)
        await elapse(1)
        assert await store.take("ticket") is None

    async def test_a_value_is_replaced(self, store: Store) -> None:
        await store.put("ticket", b"alice", 30)
        await store.put("ticket", b"bob", 30)
        assert await store.take("ticket") == b"bob"

    async def test_amounts_add_up_to_the_limit_and_no_further(self, store: Store) -> None:
        assert await store.total("spent") == 0
        assert await store.add("spent", 6, limit=10, ttl_s=60) == 6
        assert await store.add("spent", 5, limit=10, ttl_s=60) is None
        assert await store.total("spent") == 6
        assert await store.add("spent", 4, limit=10, ttl_s=60) == 10

    async def test_of_many_who_spend_the_last_one_does(self, store: Store) -> None:
        await store.add("spent", 9, limit=None, ttl_s=60)
        spending = (store.add("spent", 1, limit=10, ttl_s=60) for _ in range(100))
        totals = await asyncio.gather(*spending)
        assert [total for total in totals if total is not None] == [10]

    async def test_without_a_limit_everything_is_added(self, store: Store) -> None:
        assert await store.add("spent", 1_000_000_000_000, limit=None, ttl_s=60) == 10**12

    async def test_what_is_given_back_passes_no_limit(self, store: Store) -> None:
        await store.add("spent", 20, limit=None, ttl_s=60)
        assert await store.add("spent", -5, limit=10, ttl_s=60) == 15

    async def test_a_count_never_falls_below_nothing(self, store: Store) -> None:
        await store.add("spent", 3, limit=None, ttl_s=60)
        assert await store.add("spent", -5, limit=None, ttl_s=60) == 0
        assert await store.add("spent", 1, limit=None, ttl_s=60) == 1

    async def test_a_count_lives_from_its_first_addition(
        self, store: Store, elapse: Elapse
    ) -> None:
        await store.add("failed", 1, limit=None, ttl_s=2)
        await elapse(1)
        await store.add("failed", 1, limit=None, ttl_s=2)
        await elapse(1)
        assert await store.total("failed") == 0
        assert await store.add("failed", 1, limit=None, ttl_s=2) == 1

    async def test_groups_fill_and_empty(self, store: Store) -> None:
        assert await store.join("alice", "one", limit=2, ttl_s=60)
        assert await store.join("alice", "two", limit=2, ttl_s=60)
        assert not await store.join("alice", "three", limit=2, ttl_s=60)
        assert await store.join("bob", "three", limit=2, ttl_s=60)
        await store.leave("alice", "one")
        assert await store.join("alice", "three", limit=2, ttl_s=60)

    async def test_who_is_in_may_join_again(self, store: Store) -> None:
        assert await store.join("alice", "one", limit=1, ttl_s=60)
        assert await store.join("alice", "one", limit=1, ttl_s=60)
        await store.leave("alice", "one")
        assert await store.join("alice", "two", limit=1, ttl_s=60)

    async def test_nobody_leaves_twice(self, store: Store) -> None:
        await store.leave("alice", "nobody")
        assert await store.join("alice", "one", limit=1, ttl_s=60)
        await store.leave("alice", "nobody")
        assert not await store.join("alice", "two", limit=1, ttl_s=60)

    async def test_members_die_unless_they_join_again(self, store: Store, elapse: Elapse) -> None:
        await store.join("alice", "one", limit=2, ttl_s=1)
        await store.join("alice", "two", limit=2, ttl_s=3)
        await elapse(1)
        assert await store.join("alice", "three", limit=2, ttl_s=3)
        assert not await store.join("alice", "four", limit=2, ttl_s=3)

    async def test_of_many_who_join_as_many_do_as_there_is_room_for(self, store: Store) -> None:
        names = [f"session {number}" for number in range(50)]
        joins = (store.join("alice", name, limit=3, ttl_s=60) for name in names)
        assert sum(await asyncio.gather(*joins)) == 3

    async def test_revocations_are_remembered(self, store: Store) -> None:
        assert dict(await store.revocations()) == {}
        await store.revoke("alice", 1000.0)
        await store.revoke("secret_1", 2000.0)
        assert dict(await store.revocations()) == {"alice": 1000.0, "secret_1": 2000.0}

    async def test_what_is_revoked_is_news(self, store: Store) -> None:
        async with aclosing(store.news()) as news:
            await anext(news)
            await store.revoke("alice", 1000.0)
            await anext(news)

    async def test_a_check_changes_nothing(self, store: Store) -> None:
        await store.add("spent", 1, limit=None, ttl_s=60)
        await store.check()
        assert await store.total("spent") == 1
