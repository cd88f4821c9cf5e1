"""The native protocol's two doors: `/v1/voice`, and `/ws` for clients that say no hello."""

from aiohttp import web

from voice_server.links.switchboard import Switchboard
from voice_server.wires.voice_v1 import SUBPROTOCOL, VoiceV1


def add_voice_routes(router: web.UrlDispatcher, switchboard: Switchboard) -> None:
    """Where `voice.v1` is spoken."""

    async def voice(request: web.Request) -> web.StreamResponse:
        return await switchboard.connect(request, VoiceV1(request.query), (SUBPROTOCOL,))

    async def raw_voice(request: web.Request) -> web.StreamResponse:
        wire = VoiceV1(request.query, open_at_once=True)
        return await switchboard.connect(request, wire, (SUBPROTOCOL,))

    router.add_get("/v1/voice", voice)
    router.add_get("/ws", raw_voice)
