"""A server on loopback that treats its handlers as ours does."""

from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

OPTIONS = {"handler_cancellation": False, "lingering_time": 0.5}
"""Seconds for which it listens to a client that goes on sending after its answer."""


class PatientServer(TestServer):
    """aiohttp's own test server cancels a handler when its client leaves; ours finds out itself."""

    async def _make_runner(self, **options: Any) -> web.BaseRunner:
        return web.AppRunner(self.app, **{**options, **OPTIONS})
