"""What identities remember, in Redis: one script per step, so that each is atomic everywhere.

Time is Redis's own: processes on several machines need not agree on it. An answer that is lost
leaves a ticket used, an amount spent, a place taken until its life is over: never the other way.
"""

import math
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing, suppress

from voice_server.identity.revocations import RevocationFile
from voice_server.identity.store import StoreUnavailable
from voice_server.stores.redis_link import RedisLink, Reply
from voice_server.stores.script import Script

REVOKED = "revoked"
"""A hash: when each subject was revoked; and the channel on which that is told."""
REVOKED_MAX = 10_000
"""All of it is read at every look."""

ALIVE = Script("alive", "redis.call('SET', KEYS[1], '1', 'PX', 60000)")
"""Where there is no room, or no disk, reading still works: only a write tells."""

PUT = Script("put", "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])")

TAKE = Script(
    "take",
    """
    local value = redis.call('GET', KEYS[1])
    redis.call('DEL', KEYS[1])
    return value
    """,
)

ADD = Script(
    "add",
    """
    local amount, limit, life_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
    local before = redis.call('GET', KEYS[1])
    local total = math.max(0, tonumber(before or 0) + amount)
    if limit and amount > 0 and total > limit then
        return false
    end
    local written = string.format('%.0f', total)
    if before then
        redis.call('SET', KEYS[1], written, 'KEEPTTL')
    else
        redis.call('SET', KEYS[1], written, 'PX', life_ms)
    end
    return total
    """,
)

TOTAL = Script("total", "return tonumber(redis.call('GET', KEYS[1]) or 0)")

JOIN = Script(
    "join",
    """
    local group, member, limit, life_ms = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    redis.call('ZREMRANGEBYSCORE', group, '-inf', now)
    local known = redis.call('ZSCORE', group, member)
    if not known and redis.call('ZCARD', group) >= limit then
        return 0
    end
    redis.call('ZADD', group, string.format('%.0f', now + life_ms), member)
    if redis.call('PTTL', group) < life_ms then
        redis.call('PEXPIRE', group, life_ms)
    end
    return 1
    """,
)
"""A sorted set: each member with the time of its death; the set lives as long as its last."""

LEAVE = Script("leave", "redis.call('ZREM', KEYS[1], ARGV[1])")

REVOKE = Script(
    "revoke",
    """
    local known = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1
    if not known and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then
        return 0
    end
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    return 1
    """,
)

REVOCATIONS = Script("revocations", "return redis.call('HGETALL', KEYS[1])")


class RedisStore:
    """See `Store`."""

    def __init__(self, link: RedisLink, revoked: RevocationFile | None = None) -> None:
        """What was revoked may also lie in a file on this machine."""
        self._link = link
        self._file = revoked

    async def check(self) -> None:
        """See `Store`."""
        await self._link.run(ALIVE, ["alive"])

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """See `Store`."""
        await self._link.run(PUT, [f"value:{key}"], [value, _ms(ttl_s)])

    async def take(self, key: str) -> bytes | None:
        """See `Store`."""
        value = await self._link.run(TAKE, [f"value:{key}"])
        return value if isinstance(value, bytes) else None

    async def add(self, key: str, amount: int, *, limit: int | None, ttl_s: float) -> int | None:
        """See `Store`."""
        total = await self._link.run(
            ADD, [f"count:{key}"], [amount, "" if limit is None else limit, _ms(ttl_s)]
        )
        return total if isinstance(total, int) else None

    async def total(self, key: str) -> int:
        """See `Store`."""
        total = await self._link.run(TOTAL, [f"count:{key}"])
        return total if isinstance(total, int) else 0

    async def join(self, group: str, member: str, *, limit: int, ttl_s: float) -> bool:
        """See `Store`."""
        return await self._link.run(JOIN, [f"group:{group}"], [member, limit, _ms(ttl_s)]) == 1

    async def leave(self, group: str, member: str) -> None:
        """See `Store`."""
        await self._link.run(LEAVE, [f"group:{group}"], [member])

    async def revoke(self, subject: str, at: float) -> None:
        """See `Store`."""
        if await self._link.run(REVOKE, [REVOKED], [subject, repr(at), REVOKED_MAX]) != 1:
            raise StoreUnavailable("too much was revoked to remember it all")
        await self._link.publish(REVOKED, subject)

    async def revocations(self) -> Mapping[str, float]:
        """See `Store`."""
        on_file = await self._file.read() if self._file else {}
        pairs = await self._link.run(REVOCATIONS, [REVOKED])
        shared = _revoked(pairs if isinstance(pairs, list) else [])
        return {**on_file, **shared}

    async def news(self) -> AsyncGenerator[None, None]:
        """See `Store`."""
        async with aclosing(self._link.subscribe(REVOKED)) as told:
            async for _ in told:
                yield


def _revoked(pairs: Iterable[Reply]) -> dict[str, float]:
    """Subjects and times, taking turns. A time that is none was not written by us: skipped."""
    words = [word.decode(errors="replace") for word in pairs if isinstance(word, bytes)]
    revoked: dict[str, float] = {}
    for subject, at in zip(words[::2], words[1::2], strict=True):
        with suppress(ValueError):
            revoked[subject] = float(at)
    return revoked


def _ms(seconds: float) -> int:
    """A life for Redis, which knows none of less than a millisecond."""
    return max(1, math.ceil(seconds * 1000))
