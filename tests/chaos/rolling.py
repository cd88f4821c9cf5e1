"""`scripts/rolling`: processes behind nginx restart and die while many talk; an account at the end.

Everything is as shipped but the number of conversations that nginx allows one address.
"""

import argparse
import asyncio
import signal
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.command import report
from tests.chaos.talker import Account, Talker
from tests.support.counting_server import CountingServer
from tests.support.nginx import Nginx, processes_conf
from tests.support.redis_server import RedisServer
from tests.support.server import ServerProcess

NAMES = ("a", "b")
CALM_S = 3.0
"""Between one trouble and the next."""
TALK_S = 10.0
BACK_S_MAX = 10.0
MANY = (
    "limits.sessions_per_ip_max=1000",
    "limits.arrivals_per_s_max=1000",
    "limits.arrivals_per_s_per_ip_max=1000",
    "limits.arrivals_per_s_local_max=1000",
    "limits.loop_lag_ms_max=60000",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the account; 1 if anything was lost, doubled, passed over, or took too long."""
    parser = argparse.ArgumentParser(prog="rolling", description=__doc__)
    parser.add_argument("--talkers", type=int, default=50, help="how many")
    options = parser.parse_args(arguments)
    accounts = asyncio.run(_restarts(options.talkers))
    longest_s = max((second for account in accounts for second in account.resume_s), default=0.0)
    print(report(accounts))
    print(f"longest time until a session went on {longest_s:.2f} s")
    failed = any(a.lost or a.doubled or a.gaps or a.afresh for a in accounts)
    return int(failed or longest_s > BACK_S_MAX)


async def _restarts(talkers: int) -> list[Account]:
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fleet = {name: stack.enter_context(_server(name, redis)) for name in NAMES}
        nginx = Nginx(folder, processes_conf(fleet))
        _allow_many(folder)
        stack.enter_context(nginx)
        over = asyncio.Event()
        talks = [asyncio.create_task(_talk_on(nginx.url, over)) for _ in range(talkers)]
        for name, how in (*((name, signal.SIGTERM) for name in NAMES), ("a", signal.SIGKILL)):
            await asyncio.sleep(CALM_S)
            await asyncio.to_thread(fleet[name].stop, how)
            fleet[name] = _server(name, redis, fleet[name].port)
            await asyncio.to_thread(stack.enter_context, fleet[name])
            print(f"{name} has got {how.name}, and is back")
        over.set()
        return [account for accounts in await asyncio.gather(*talks) for account in accounts]


async def _talk_on(url: str, over: asyncio.Event) -> list[Account]:
    """One conversation after the other, until it is over."""
    accounts: list[Account] = []
    while not over.is_set():
        accounts.append(await Talker(url).talk(TALK_S))
    return accounts


def _server(name: str, redis: RedisServer, port: int = 0) -> ServerProcess:
    store = (f"store.url={redis.url}", "store.timeout_ms=5000", "store.call_touch_s=0.5")
    proxy = ('server.trusted_proxies=["127.0.0.1"]', f"server.name={name}")
    return CountingServer(*proxy, *store, *MANY, "server.drain_spread_ms=2000", port=port)


def _allow_many(folder: Path) -> None:
    path = folder / "conf.d" / "voice-server.conf"
    path.write_text(path.read_text().replace("voice_addresses 40", "voice_addresses 1000"))


if __name__ == "__main__":
    raise SystemExit(main())
