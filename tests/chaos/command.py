"""`scripts/chaos`: many talkers, all troubles at random, and an account at the end."""

import argparse
import asyncio
import random
import statistics
from collections.abc import Sequence

from tests.chaos import troubles
from tests.chaos.talker import Account, Talker
from tests.support.counting_server import CountingServer
from tests.support.fault_proxy import fault_proxy

TALKERS = 8
TALK_S = 20.0
"""Longer talks would use up the minute of audio that servers take ahead of time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the account; 1 if anything was lost, doubled or passed over."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long")
    parser.add_argument("--seed", type=int, default=1, help="of the troubles")
    options = parser.parse_args(arguments)
    with CountingServer("limits.sessions_per_ip_max=100") as server:
        accounts = asyncio.run(_talks(server.port, options.minutes * 60, options.seed))
    print(report(accounts))
    return int(any(account.lost or account.doubled or account.gaps for account in accounts))


async def _talks(port: int, seconds: float, seed: int) -> list[Account]:
    chance = random.Random(seed)
    until = asyncio.get_running_loop().time() + seconds
    accounts: list[Account] = []
    while asyncio.get_running_loop().time() < until:
        talks = [_talk(port, random.Random(chance.random())) for _ in range(TALKERS)]
        accounts += await asyncio.gather(*talks)
    return accounts


async def _talk(port: int, chance: random.Random) -> Account:
    async with fault_proxy(port) as proxy:
        talk = asyncio.create_task(Talker(f"http://127.0.0.1:{proxy.port}").talk(TALK_S))
        maker = asyncio.create_task(troubles.make_trouble(proxy, chance, troubles.ALL))
        await asyncio.wait({talk, maker}, timeout=TALK_S)
        maker.cancel()
        await asyncio.gather(maker, return_exceptions=True)
        return await talk


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
