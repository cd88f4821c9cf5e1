"""How much of the memory that it may have this process takes. Linux only; elsewhere nothing."""

import os
from pathlib import Path

from voice_server.engines.free_memory import whole_bytes

_STATM = Path("/proc/self/statm")


class OwnMemory:
    """Knows how much there is from the beginning, and looks at what is taken when asked."""

    def __init__(self, whole: int | None = None, statm: Path = _STATM) -> None:
        """`whole`: bytes there are; unset: the machine's, or the container's."""
        self._whole = whole or whole_bytes()
        self._statm = statm
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")

    def share(self) -> float:
        """What part of it is ours in RAM, from 0 to 1 (proc(5), statm, field 2)."""
        if not self._whole:
            return 0.0
        try:
            pages = int(self._statm.read_text().split()[1])
        except OSError:
            return 0.0
        return pages * self._page_bytes / self._whole
