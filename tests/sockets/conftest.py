"""Two servers for all of these tests: one that understands and speaks, one that plays a script."""

from tests.support.servers import scripted, server
from tests.support.understanding import understand

__all__ = ["scripted", "server", "understand"]
