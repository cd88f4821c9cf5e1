"""The doors for OpenAI's Realtime clients, wherever their base URL makes them look."""

import secrets
import time

from aiohttp import web

from voice_server.conversation.house import House
from voice_server.links.manners import Manners
from voice_server.links.switchboard import Switchboard
from voice_server.wires.openai_errors import ApiError, refused
from voice_server.wires.realtime import beta, errors
from voice_server.wires.realtime.configuration import Surroundings
from voice_server.wires.realtime.wire import SUBPROTOCOL, RealtimeWire

PATHS = ("/v1/realtime", "/openai/v1/realtime", "/openai/realtime", "/realtime")


def add_realtime_routes(router: web.UrlDispatcher, house: House, switchboard: Switchboard) -> None:
    """Where the Realtime protocol is spoken."""
    settings = house.settings
    around = Surroundings(
        house.engines.synthesizer.voices,
        settings.tts.voice,
        settings.turn,
        settings.llm.max_tokens,
    )
    manners = Manners(
        close_code=errors.close_code,
        refusal=lambda refusal: refused(refusal).body,
        text_bytes_max=settings.realtime.message_bytes_max,
        idle_timeout_s=settings.realtime.idle_timeout_s,
    )

    async def realtime(request: web.Request) -> web.StreamResponse:
        if "call_id" in request.query:
            message = "There are no calls to join here. Connect without call_id."
            error = ApiError(404, message, code="call_not_found", param="call_id")
            return web.json_response(error.body, status=error.status)
        wire = RealtimeWire(
            request.query,
            around,
            key=secrets.token_hex(6),
            opened_s=int(time.time()),
            is_beta=_is_beta(request),
            lead_ms=settings.limits.lead_ms_max,
        )
        return await switchboard.connect(request, wire, (SUBPROTOCOL,), manners=manners)

    for path in PATHS:
        router.add_get(path, realtime)


def _is_beta(request: web.Request) -> bool:
    header, value = beta.HEADER
    offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    named = beta.SUBPROTOCOL in (protocol.strip() for protocol in offered)
    return named or request.headers.get(header, "") == value
