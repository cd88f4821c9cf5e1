"""Whether this process may open as many files as it could have connections.

A server that runs out of descriptors fails somewhere else: a model that cannot be read, a language
model that cannot be reached. So there are never more connections than leave room for the rest.
"""

import logging
import sys
from pathlib import Path

if sys.platform != "win32":
    import resource

logger = logging.getLogger(__name__)

RESERVED = 128
"""Descriptors for everything that is no connection: engines, logs, pools, sockets that listen."""


def room_for(connections_max: int) -> int:
    """How many connections there can be, after raising the process's own limit if need be."""
    if sys.platform == "win32":
        return connections_max
    wanted = connections_max + RESERVED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _less(soft, wanted):
        soft = wanted if not _less(hard, wanted) else hard
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = connections_beside(soft, connections_max, _open_now())
    if room < connections_max:
        logger.warning(
            "this process may open %d files, which is room for %d connections instead of %d; "
            "raise the limit with `ulimit -n %d`",
            *(soft, room, connections_max, wanted),
        )
    return room


def connections_beside(files_max: int, connections_max: int, open_now: int) -> int:
    """How many connections leave room for other files; half of what is free, if that is little."""
    if files_max < 0:  # RLIM_INFINITY
        return connections_max
    free = max(1, files_max - open_now)
    return min(connections_max, max(free - RESERVED, free // 2, 1))


def _less(limit: int, wanted: int) -> bool:
    return 0 <= limit < wanted


def _open_now() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0
