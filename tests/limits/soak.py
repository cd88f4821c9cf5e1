"""`scripts/soak`: many visits, and what they leave; many guests, and what each costs."""

import argparse
import asyncio
from collections.abc import Sequence

from tests.support.server import ServerProcess
from tests.support.visitors import bytes_per_guest, hospitable, visits

LEFT_BYTES_MAX = 1024
"""Per visit."""
SILENT_BYTES_MAX = 61_440
TALKING_BYTES_MAX = 4_194_304


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 if one is beyond its limit."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--visits", type=int, default=2000, help="that come and go")
    parser.add_argument("--silent", type=int, default=500, help="guests at once")
    parser.add_argument("--talking", type=int, default=100, help="guests at once")
    options = parser.parse_args(arguments)
    with hospitable() as server:
        return asyncio.run(_soak(server, options))


async def _soak(server: ServerProcess, options: argparse.Namespace) -> int:
    files, threads, _ = await visits(server, 100)
    silent = await bytes_per_guest(server, options.silent, talking=False)
    talking = await bytes_per_guest(server, options.talking, talking=True)
    *_, before = await visits(server, options.visits // 4)
    files_after, threads_after, after = await visits(server, options.visits)
    left = (after - before) / options.visits
    print(f"silent {silent / 1024:.0f} KiB each, talking {talking / 1024:.0f} KiB each")
    print(f"left behind: {files_after - files} files, {threads_after - threads} threads,")
    print(f"{left:.0f} bytes per visit")
    good = (
        (files_after, threads_after) == (files, threads)
        and left < LEFT_BYTES_MAX
        and silent < SILENT_BYTES_MAX
        and talking < TALKING_BYTES_MAX
    )
    return int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
