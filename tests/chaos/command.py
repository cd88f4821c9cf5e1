"""`scripts/chaos`: many talkers, all troubles at random, and an account at the end.

With `--processes N` the servers are several, share a Redis, and are killed or put to sleep.
"""

import argparse
import asyncio
import random
import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence

from tests.chaos import troubles
from tests.chaos.fleet import Fleet
from tests.chaos.talker import Account, Talker
from tests.support.counting_server import CountingServer
from tests.support.fault_proxy import fault_proxy
from tests.support.redis_server import RedisServer
from voice_server.tasks import cancelled

TALKERS = 8
TALK_S = 20.0
"""Longer talks would use up the minute of audio that servers take ahead of time."""
LIFE_S = (0.05, 0.8)
"""Between two deaths among several processes."""
SLEEPS = 0.1
"""Share of processes that are put to sleep instead."""
SLEEP_S = (0.5, 3.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the account; 1 if anything was lost, doubled or passed over."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long")
    parser.add_argument("--seed", type=int, default=1, help="of the troubles")
    parser.add_argument("--processes", type=int, default=1, help="more than one: kill them")
    options = parser.parse_args(arguments)
    chance = random.Random(options.seed)
    if options.processes > 1:
        accounts = _among_processes(options.processes, options.minutes * 60, chance)
    else:
        with CountingServer("limits.sessions_per_ip_max=100") as server:
            work = _talks(lambda: _talk(server.port, chance), options.minutes * 60)
            accounts = asyncio.run(work)
    print(report(accounts))
    return int(any(account.lost or account.doubled or account.gaps for account in accounts))


async def _talks(talk: Callable[[], Awaitable[Account]], seconds: float) -> list[Account]:
    until = asyncio.get_running_loop().time() + seconds
    accounts: list[Account] = []
    while asyncio.get_running_loop().time() < until:
        accounts += await asyncio.gather(*(talk() for _ in range(TALKERS)))
        print(f"talks {len(accounts)}", file=sys.stderr)
    return accounts


async def _talk(port: int, chances: random.Random) -> Account:
    chance = random.Random(chances.random())
    async with fault_proxy(port) as proxy:
        talk = asyncio.create_task(Talker(f"http://127.0.0.1:{proxy.port}").talk(TALK_S))
        maker = asyncio.create_task(troubles.make_trouble(proxy, chance, troubles.ALL))
        await asyncio.wait({talk, maker}, timeout=TALK_S)
        maker.cancel()
        await asyncio.gather(maker, return_exceptions=True)
        return await talk


# Several processes -------------------------------------------------------------------------------


def _among_processes(count: int, seconds: float, chance: random.Random) -> list[Account]:
    with RedisServer() as redis, Fleet(redis, chance) as fleet:
        fleet.launch(count)
        accounts = asyncio.run(_talks_among(fleet, count, seconds, chance))
        print(f"kills {fleet.kills}, sleeps {fleet.sleeps}")
    return accounts


async def _talks_among(
    fleet: Fleet, count: int, seconds: float, chance: random.Random
) -> list[Account]:
    async def talk() -> Account:
        async with fleet.address() as proxy:
            return await Talker(f"http://127.0.0.1:{proxy.port}").talk(TALK_S)

    reaper = asyncio.create_task(_reap(fleet, count, chance))
    accounts = await _talks(talk, seconds)
    await cancelled(reaper)
    return accounts


async def _reap(fleet: Fleet, count: int, chance: random.Random) -> None:
    """Processes die, or sleep for a while; there are always others."""
    while True:
        await asyncio.sleep(chance.uniform(*LIFE_S))
        server = chance.choice(fleet.living)
        if chance.random() < SLEEPS:
            fleet.freeze(server)
            await asyncio.sleep(chance.uniform(*SLEEP_S))
            fleet.thaw(server)
        else:
            fleet.kill(server)
            await asyncio.to_thread(fleet.launch, count)


def report(accounts: Sequence[Account]) -> str:
    """What became of all talks, in a few lines."""
    lost = [account.lost for account in accounts if account.lost]
    doubled = [account.doubled for account in accounts if account.doubled]
    resume_s = sorted(second for account in accounts for second in account.resume_s)
    lines = [
        f"talks {len(accounts)}, frames spoken {sum(account.spoken for account in accounts)}",
        f"lost {len(lost)} {'; '.join(lost)}".rstrip(),
        f"doubled {len(doubled)} {'; '.join(doubled)}".rstrip(),
        f"gaps {sum(account.gaps for account in accounts)}",
        f"resumed {sum(account.resumed for account in accounts)}, "
        f"begun anew {sum(account.afresh for account in accounts)}",
    ]
    if len(resume_s) > 1:
        cuts = statistics.quantiles(resume_s, n=20)
        lines.append(f"resume p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
