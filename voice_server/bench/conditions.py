"""Under what conditions something was measured."""

import os
import platform


def machine() -> dict[str, str]:
    """The machine in a line, and how busy it is with other work (Linux, macOS)."""
    cores = os.cpu_count() or 1
    busy, _, _ = os.getloadavg()
    return {
        "machine": f"{cores} cores {platform.machine()}, Python {platform.python_version()}",
        "load average before": f"{busy:.1f}",
    }
