"""The client's tests talk to both servers."""

from tests.support.servers import scripted, server

__all__ = ["scripted", "server"]
