"""Is this Redis fit to be relied on? Asked at start, and by the doctor.

It must remember what was written when it crashes (an append-only file, AOF), must not evict keys
to make room, and must let our user do what the scripts do.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from voice_server.identity.store import StoreUnavailable
from voice_server.settings import SettingsError, StoreSettings
from voice_server.stores.redis_link import RedisLink
from voice_server.stores.script import Script

logger = logging.getLogger(__name__)

TRIAL = Script(
    "trial",
    """
    local key = KEYS[1]
    local steps = {
        {'TIME'},
        {'SET', key, '1', 'PX', '1000'}, {'GET', key}, {'PEXPIRE', key, '1000'}, {'PTTL', key},
        {'DEL', key},
        {'HSET', key, 'a', '1'}, {'HINCRBY', key, 'a', '1'}, {'HGET', key, 'a'},
        {'HEXISTS', key, 'a'}, {'HLEN', key}, {'HGETALL', key}, {'DEL', key},
        {'ZADD', key, '1', 'a'}, {'ZSCORE', key, 'a'}, {'ZCARD', key}, {'ZREM', key, 'b'},
        {'ZREMRANGEBYSCORE', key, '0', '2'}, {'DEL', key},
        {'RPUSH', key, '1'}, {'LTRIM', key, '0', '1'}, {'LRANGE', key, '0', '-1'}, {'DEL', key},
    }
    for _, step in ipairs(steps) do
        local answer = redis.pcall(unpack(step))
        if type(answer) == 'table' and answer.err then
            return {step[1], answer.err}
        end
    end
    return false
    """,
)
"""Every command that our scripts use, on a key that nobody else has."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a Redis says about itself."""

    version: str
    durable: bool
    """Writes are appended to a file, and the last one was."""
    evicts: bool
    """Where memory is short it forgets keys instead of refusing new ones."""

    @property
    def worries(self) -> list[str]:
        """Why what it is told may be lost, and what to do about it."""
        found = []
        if not self.durable:
            found.append(
                "Redis forgets what it was told when it crashes: set `appendonly yes`, and see "
                "that it can write its file"
            )
        if self.evicts:
            found.append("Redis may evict our keys: set `maxmemory-policy noeviction`")
        return found


def judged(info: Mapping[str, str]) -> Condition:
    """What the answer to `INFO` means."""
    return Condition(
        version=info.get("redis_version", "unknown"),
        durable=info.get("aof_enabled") == "1" and info.get("aof_last_write_status") == "ok",
        evicts=info.get("maxmemory_policy", "noeviction") != "noeviction",
    )


def parsed(info: str) -> dict[str, str]:
    """`name:value` lines, among them comments and blank ones."""
    pairs = (line.partition(":") for line in info.splitlines() if ":" in line)
    return {name: value for name, _, value in pairs}


async def try_out(link: RedisLink) -> None:
    """Do a little of everything. Raises `StoreUnavailable`, which names what is refused."""
    refused = await link.run(TRIAL, ["trial"])
    if isinstance(refused, list):
        command, why = (part.decode() for part in refused if isinstance(part, bytes))
        raise StoreUnavailable(f"Redis at {link.address} refuses {command}: {why}")


async def examine(link: RedisLink) -> Condition:
    """Look at it, and try it out. Raises `StoreUnavailable`."""
    await try_out(link)
    await link.publish("trial", "")
    info = await link.ask("INFO")
    return judged(parsed(info.decode() if isinstance(info, bytes) else ""))


async def check_at_start(link: RedisLink, settings: StoreSettings) -> None:
    """Say what is wrong; where `store.durability` requires it, raise `SettingsError` instead.

    A Redis that is not there yet may come later: until then nobody new is let in.
    """
    try:
        worries = (await examine(link)).worries
    except StoreUnavailable as error:
        worries = [str(error)]
    if worries and settings.durability == "require":
        raise SettingsError(f"store.durability: {'; '.join(worries)}")
    for worry in worries:
        logger.warning("%s", worry)
