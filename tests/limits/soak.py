"""`scripts/soak`: many visits, and what they leave; many guests, and what each costs."""

import argparse
import asyncio
from collections.abc import Sequence

from tests.support.visitors import bytes_per_guest, hospitable, peak_bytes_per_foe, visits

LEFT_BYTES_MAX = 1024
"""Per visit."""
SILENT_BYTES_MAX = 81_920
"""67 KiB were measured; a fifth more is news."""
TALKING_BYTES_MAX = 4_194_304
FOE_BYTES_MAX = 335_544
"""64 MiB for two hundred."""
LONG_CHAR_MS = 1000
"""Answers of a minute and more, so that they cannot be sent to whoever does not read."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 if one is beyond its limit."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--visits", type=int, default=2000, help="that come and go")
    parser.add_argument("--silent", type=int, default=500, help="guests at once")
    parser.add_argument("--talking", type=int, default=100, help="guests at once")
    parser.add_argument("--hostile", type=int, default=200, help="guests at once")
    options = parser.parse_args(arguments)
    return asyncio.run(_soak(options))


async def _soak(options: argparse.Namespace) -> int:
    """Each figure from a server of its own: what one has used, it uses again."""
    left = await _left_by_visits(options.visits)
    silent = await _cost(options.silent, talking=False)
    talking = await _cost(options.talking, talking=True)
    print(f"silent {silent / 1024:.0f} KiB each, talking {talking / 1024:.0f} KiB each")
    with hospitable(LONG_CHAR_MS) as server:
        await visits(server, 100)
        foe = await peak_bytes_per_foe(server, options.hostile)
    print(f"hostile {foe / 1024:.0f} KiB each at most")
    guests = silent > SILENT_BYTES_MAX or talking > TALKING_BYTES_MAX
    return int(left > LEFT_BYTES_MAX or guests or foe > FOE_BYTES_MAX)


async def _left_by_visits(count: int) -> float:
    with hospitable() as server:
        files, threads, before = await visits(server, count // 4)
        files_after, threads_after, after = await visits(server, count)
    left = (after - before) / count
    print(f"left behind: {files_after - files} files, {threads_after - threads} threads,")
    print(f"{left:.0f} bytes per visit")
    return left


async def _cost(count: int, *, talking: bool) -> float:
    with hospitable() as server:
        await visits(server, 100)
        return await bytes_per_guest(server, count, talking=talking)


if __name__ == "__main__":
    raise SystemExit(main())
