"""`POST /asterisk/calls`: Asterisk has a call that waits, and we go and fetch it.

For `Dial(WebSocket/INCOMING/…)` Asterisk makes an id and waits for a WebSocket at `/media/ID`. Who
knows the id (an ARI application, the dialplan with CURL) tells us; the connection is then the same
as one that Asterisk opens itself.
"""

import asyncio
import logging
from typing import Annotated

import aiohttp
from aiohttp import web
from msgspec import Meta, Struct

from voice_server.links.openai_desk import OpenAIDesk
from voice_server.links.phone import ASTERISK_SUBPROTOCOL, Exchange
from voice_server.links.uploads import receive_json
from voice_server.settings import Settings
from voice_server.tasks import watched
from voice_server.wires.openai_errors import ApiError, decode
from voice_server.wires.phone.asterisk import Asterisk

logger = logging.getLogger(__name__)

CONNECT_S = 5.0

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")]
Text = Annotated[str, Meta(max_length=4096)]


class WaitingCall(Struct, forbid_unknown_fields=True):
    """What is asked for."""

    connection_id: Id
    """Asterisk's channel variable MEDIA_WEBSOCKET_CONNECTION_ID."""
    parameters: dict[Text, Text] = {}
    """`language`, `voice`, `instructions`, `greeting`."""


class Fetcher:
    """Fetches calls that wait in Asterisk."""

    def __init__(self, exchange: Exchange, settings: Settings) -> None:
        self._exchange = exchange
        self._settings = settings
        self._calls: set[asyncio.Task[None]] = set()

    async def fetch(self, request: web.Request) -> web.Response:
        """Connect to Asterisk, and answer when the call is there. Raises `ApiError`."""
        call = decode(await receive_json(request, self._settings.rest), WaitingCall)
        if not self._settings.phone.asterisk_url:
            raise ApiError(503, "Set phone.asterisk_url to Asterisk's HTTP server first.")
        socket, http = await self._connect(call.connection_id)
        talk = watched(self._talk(socket, http, call), lambda: None)
        self._calls.add(talk)
        talk.add_done_callback(self._calls.discard)
        return web.json_response({"connection_id": call.connection_id}, status=202)

    async def _connect(
        self, id: str
    ) -> tuple[aiohttp.ClientWebSocketResponse, aiohttp.ClientSession]:
        phone = self._settings.phone
        http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(connect=CONNECT_S))
        url = f"{phone.asterisk_url.rstrip('/')}/media/{id}"
        headers = {}
        if phone.asterisk_user:
            credentials = aiohttp.encode_basic_auth(phone.asterisk_user, phone.asterisk_password)
            headers["Authorization"] = credentials
        try:
            async with asyncio.timeout(CONNECT_S):
                protocols = (ASTERISK_SUBPROTOCOL,)
                return await http.ws_connect(url, protocols=protocols, headers=headers), http
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            await http.close()
            logger.warning("asterisk cannot be reached", extra={"error": type(error).__name__})
            raise ApiError(502, "Asterisk has no such call, or cannot be reached.") from None

    async def _talk(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        http: aiohttp.ClientSession,
        call: WaitingCall,
    ) -> None:
        try:
            await self._exchange.hold(socket, _Connection(http), Asterisk(call.parameters))
        finally:
            await http.close()


class _Connection(asyncio.Transport):
    """What a link needs of a transport that the HTTP client keeps to itself."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        super().__init__()
        self._http = http
        self._closing: asyncio.Task[None] | None = None

    def get_write_buffer_size(self) -> int:
        """Nobody can tell, so something may be waiting."""
        return 1

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The HTTP client has its own."""

    def is_closing(self) -> bool:
        """Whether it is gone."""
        return self._http.closed

    def abort(self) -> None:
        """Drop the connection."""
        self._closing = asyncio.create_task(self._http.close())


def add_asterisk_routes(
    router: web.UrlDispatcher, desk: OpenAIDesk, exchange: Exchange, settings: Settings
) -> None:
    """Where waiting calls are told of."""
    fetcher = Fetcher(exchange, settings)
    router.add_post("/asterisk/calls", desk.serving("asterisk_calls", fetcher.fetch))
