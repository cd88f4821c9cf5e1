"""Calls in Redis: a hash with how each stands, and a list of what its client was told.

One script per step, so that checking the owner and writing are one. Both keys share a hash tag, and
die together when nobody has committed for a while. Time is Redis's own.
"""

import math
from collections.abc import Mapping

from voice_server.calls.call_store import Claim, Commit, Kept, Outcome
from voice_server.identity.store import StoreUnavailable
from voice_server.stores.redis_link import Argument, RedisLink, Reply
from voice_server.stores.script import Script

KEPT, FENCED, MISSING = 1, 2, 3
_OUTCOMES = {KEPT: Outcome.KEPT, FENCED: Outcome.FENCED, MISSING: Outcome.MISSING}

PART = "field:"
"""Names of fields in the hash begin with it; the others belong to the scripts."""

_WRITE = """
    local life_ms, digests = ARGV[2], ARGV[3]
    local first, kept, fields = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
    redis.call('HSET', call, 'digests', digests)
    for at = 7, 5 + 2 * fields, 2 do
        redis.call('HSET', call, ARGV[at], ARGV[at + 1])
    end
    local last = tonumber(redis.call('HGET', call, 'last') or 0)
    for at = 7 + 2 * fields, #ARGV do
        local number = first + at - (7 + 2 * fields)
        if number > last then
            redis.call('RPUSH', log, ARGV[at])
            last = number
        end
    end
    last = math.max(last, first - 1)
    redis.call('HSET', call, 'last', string.format('%.0f', last))
    if kept == 0 then redis.call('DEL', log) else redis.call('LTRIM', log, -kept, -1) end
    redis.call('PEXPIRE', call, life_ms)
    redis.call('PEXPIRE', log, life_ms)
    return 1
"""
"""What is common to those that write; an answer that was lost is no reason to write twice."""

_NAMES = """
    local call, log, epoch = KEYS[1], KEYS[2], tonumber(ARGV[1])
    local owner = tonumber(redis.call('HGET', call, 'epoch') or -1)
"""

CREATE = Script(
    "call_create",
    f"""{_NAMES}
    if owner > epoch then return 2 end
    redis.call('DEL', call, log)
    redis.call('HSET', call, 'epoch', ARGV[1], 'user', table.remove(ARGV))
    {_WRITE}
    """,
)

COMMIT = Script(
    "call_commit",
    f"""{_NAMES}
    if owner > epoch then return 2 end
    if owner < epoch then return 3 end
    if tonumber(ARGV[4]) > tonumber(redis.call('HGET', call, 'last') or 0) + 1 then return 3 end
    {_WRITE}
    """,
)

ADOPT = Script(
    "call_adopt",
    """
    local call, log = KEYS[1], KEYS[2]
    local user, offered, fresh, life_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
    local known = redis.call('HGET', call, 'digests')
    if not known or redis.call('HGET', call, 'user') ~= user then return false end
    if not string.find(' ' .. known .. ' ', ' ' .. offered .. ' ', 1, true) then return false end
    local epoch = redis.call('HINCRBY', call, 'epoch', 1)
    redis.call('HSET', call, 'digests', offered .. ' ' .. fresh)
    redis.call('PEXPIRE', call, life_ms)
    redis.call('PEXPIRE', log, life_ms)
    return {epoch, redis.call('HGETALL', call), redis.call('LRANGE', log, 0, -1)}
    """,
)

BELONGS = Script("call_belongs", "return redis.call('HGET', KEYS[1], 'user') == ARGV[1] and 1 or 0")

FORGET = Script(
    "call_forget",
    """
    local call, log, epoch = KEYS[1], KEYS[2], tonumber(ARGV[1])
    if tonumber(redis.call('HGET', call, 'epoch') or -1) > epoch then return end
    redis.call('DEL', call, log)
    redis.call('HSET', call, 'epoch', epoch + 1)
    redis.call('PEXPIRE', call, ARGV[2])
    """,
)
"""Nothing stays but an owner that never was, for processes that wake up late."""


class RedisCalls:
    """See `CallStore`."""

    def __init__(self, link: RedisLink, life_s: float) -> None:
        """A call lives `life_s` from its newest commit on."""
        self._link = link
        self._life_ms = math.ceil(life_s * 1000)

    async def create(self, session: str, user: str, commit: Commit) -> Outcome:
        """See `CallStore`."""
        arguments = [*self._written(commit), user]
        return _outcome(await self._link.run(CREATE, _keys(session), arguments))

    async def commit(self, session: str, commit: Commit) -> Outcome:
        """See `CallStore`."""
        return _outcome(await self._link.run(COMMIT, _keys(session), self._written(commit)))

    async def adopt(self, session: str, claim: Claim) -> Kept | None:
        """See `CallStore`."""
        arguments: list[Argument] = [claim.user, claim.offered, claim.fresh, self._life_ms]
        reply = await self._link.run(ADOPT, _keys(session), arguments)
        return None if reply is None else _kept(reply)

    async def belongs(self, session: str, user: str) -> bool:
        """See `CallStore`."""
        return await self._link.run(BELONGS, _keys(session), [user]) == 1

    async def forget(self, session: str, epoch: int) -> None:
        """See `CallStore`."""
        await self._link.run(FORGET, _keys(session), [epoch, self._life_ms])

    def _written(self, commit: Commit) -> list[Argument]:
        """The arguments of the scripts that write."""
        parts = (part for name, value in commit.fields.items() for part in (PART + name, value))
        digests, fields = " ".join(commit.digests), len(commit.fields)
        head = (commit.epoch, self._life_ms, digests, commit.first, commit.entries_kept, fields)
        return [*head, *parts, *commit.entries]


def _keys(session: str) -> list[str]:
    return [f"call:{{{session}}}", f"call:{{{session}}}:log"]


def _outcome(reply: Reply) -> Outcome:
    if isinstance(reply, int) and reply in _OUTCOMES:
        return _OUTCOMES[reply]
    raise StoreUnavailable("Redis gave an answer that means nothing")


def _kept(reply: Reply) -> Kept:
    match reply:
        case [int(epoch), list(pairs), list(entries)]:
            told = [entry for entry in entries if isinstance(entry, bytes)]
            return Kept(epoch, _fields(pairs), told)
        case _:
            raise StoreUnavailable("Redis gave an answer that means nothing")


def _fields(pairs: list[Reply]) -> Mapping[str, bytes]:
    """Names and values, taking turns; without those that belong to the scripts."""
    words = [word for word in pairs if isinstance(word, bytes)]
    named = zip(words[::2], words[1::2], strict=True)
    fields = {name.decode(errors="replace"): value for name, value in named}
    return {
        name.removeprefix(PART): value for name, value in fields.items() if name.startswith(PART)
    }
