"""A request as the door sees it."""

from aiohttp import web

from voice_server.exposure import client_address
from voice_server.identity.approach import Approach
from voice_server.settings import ServerSettings


def approach_of(request: web.Request, settings: ServerSettings) -> Approach:
    """Its headers, its query, and the address of who really asks."""
    address = client_address(request.remote or "", request.headers, settings.trusted_proxies)
    return Approach(request.headers, request.query, address)
