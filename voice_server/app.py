"""The HTTP application: routes, the page, health, metrics, and an orderly end.

`/v1/voice` (and `/ws`) upgrade to a session; `/` is the demo page. On SIGTERM nobody new is let in,
replies in progress may end, everyone is told, and the process exits; a second one cuts that short.
"""

import asyncio
import json
import logging
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

from aiohttp import web

from audio.silero import SileroModel
from voice_server import __version__
from voice_server import events as ev
from voice_server.admission import Admission, Refusal
from voice_server.assets import web_dir
from voice_server.closes import CLOSES
from voice_server.conversation.house import House
from voice_server.conversation.session import Session
from voice_server.engines import Engines
from voice_server.links.openai_desk import OpenAIDesk
from voice_server.links.openai_rest import add_openai_routes
from voice_server.links.websocket import WebSocketLink
from voice_server.metrics import Metrics
from voice_server.settings import Settings
from voice_server.wires.voice_v1 import SUBPROTOCOL, VoiceV1

logger = logging.getLogger(__name__)

SEND_BUFFER_BYTES = 65_536
"""Kernel buffer: what lies there can no longer be taken back at a barge-in."""

SHUTDOWN_S = 2.0
"""aiohttp's own patience with open connections, after ours."""

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self)",
    "Cache-Control": "no-cache",
}


class VoiceServer:
    """Everything behind the routes."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._admission = Admission(house.settings)
        self._desk = OpenAIDesk(self._admission, house.metrics)
        self._links: set[WebSocketLink] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=65_536)
        app.on_response_prepare.append(_secured)
        app.router.add_get("/v1/voice", self._voice)
        app.router.add_get("/ws", self._raw_voice)
        add_openai_routes(app.router, self._house, self._desk)
        app.router.add_get("/livez", _alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/", _index)
        app.router.add_static("/", web_dir())
        return app

    # Sessions --------------------------------------------------------------------------------

    async def _voice(self, request: web.Request) -> web.StreamResponse:
        return await self._upgrade(request, VoiceV1(request.query))

    async def _raw_voice(self, request: web.Request) -> web.StreamResponse:
        return await self._upgrade(request, VoiceV1(request.query, open_at_once=True))

    async def _upgrade(self, request: web.Request, wire: VoiceV1) -> web.StreamResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        protocols = [protocol.strip() for protocol in offered.split(",")]
        refusal = self._admission.check(request.headers, protocols)
        if refusal:
            return await self._refuse(request, wire, refusal)
        address = request.remote or ""
        if refusal := self._admission.enter(address):
            return await self._refuse(request, wire, refusal)
        try:
            return await self._serve(request, wire)
        finally:
            self._admission.leave(address)

    async def _serve(self, request: web.Request, wire: VoiceV1) -> web.StreamResponse:
        limits = self._house.settings.limits
        response = self._response()
        await response.prepare(request)
        transport = _limited_transport(request)
        link = WebSocketLink(
            socket=response,
            transport=transport,
            wire=wire,
            limits=limits,
            metrics=self._house.metrics,
            open_session=self._open_session,
        )
        self._links.add(link)
        self._empty.clear()
        try:
            await link.run()
        finally:
            self._links.discard(link)
            if not self._links:
                self._empty.set()
            if link.session:
                self._house.metrics.sessions.dec()
        return response

    def _response(self) -> web.WebSocketResponse:
        limits = self._house.settings.limits
        return web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            max_msg_size=limits.message_bytes_max + 1,  # aiohttp refuses what reaches the limit
            compress=False,
            heartbeat=limits.ping_interval_s,
            timeout=SHUTDOWN_S,
        )

    def _open_session(
        self, options: ev.SessionOptions, emit: Callable[[ev.ServerEvent], None]
    ) -> Session:
        session = Session(f"ses_{secrets.token_hex(12)}", options, self._house, emit)
        self._house.metrics.sessions.inc()
        self._house.metrics.sessions_total.labels(options.mode).inc()
        extra = {"session": session.id, "mode": options.mode, "client": options.client}
        logger.info("session opened", extra=extra)
        return session

    async def _refuse(
        self, request: web.Request, wire: VoiceV1, refusal: Refusal
    ) -> web.StreamResponse:
        """Say no. A page's script cannot see an HTTP status, so our own is told on the socket."""
        self._house.metrics.refused.labels(refusal.code.value).inc()
        status = CLOSES[refusal.code].http_status
        own_page = "Origin" in request.headers and status != web.HTTPForbidden.status_code
        if not own_page:
            headers = {"Retry-After": str(refusal.retry_after_s)} if refusal.retry_after_s else {}
            body = {"error": {"code": refusal.code, "message": refusal.message}}
            return web.json_response(body, status=status, headers=headers)
        response = self._response()
        await response.prepare(request)
        told = wire.send(ev.ErrorRaised(refusal.code, refusal.message, fatal=True), 0)
        with suppress(ConnectionError):
            await response.send_str(str(told))
        await response.close(code=CLOSES[refusal.code].code)
        return response

    # Operations ------------------------------------------------------------------------------

    async def _ready(self, request: web.Request) -> web.Response:
        ready = not self._admission.draining and not self._admission.full
        state = "draining" if self._admission.draining else "ready" if ready else "full"
        body = {"status": state, "engines": self._engine_names(), "version": __version__}
        return web.json_response(body, status=200 if ready else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=self._house.metrics.render(), headers=headers)

    def _engine_names(self) -> dict[str, str]:
        return {choice.role: choice.name for choice in self._house.engines.choices}

    async def drain(self, hurry: asyncio.Event) -> None:
        """Let replies in progress end, tell everyone, and wait until they are gone.

        Whoever is there when `server.drain_s` is over, or `hurry` is set, is cut off.
        """
        self._admission.draining = True
        for link in list(self._links):
            link.leave()
        ends = [asyncio.create_task(wait()) for wait in (self._all_gone, hurry.wait)]
        patience_s = self._house.settings.server.drain_s
        await asyncio.wait(ends, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        for link in list(self._links):
            link.abort()

    async def _all_gone(self) -> None:
        """Return when every session has ended and every request is answered."""
        await self._empty.wait()
        await self._desk.idle()


async def serve(settings: Settings, engines: Engines) -> None:
    """Serve until SIGTERM or SIGINT. Prints the ready line once connections are accepted."""
    stop, hurry = _stop_signals()
    metrics = Metrics()
    depths = engines.scheduler.queue_depths
    metrics.watch_queues(lambda: {kind.name.lower(): depth for kind, depth in depths().items()})
    silero = await asyncio.to_thread(SileroModel)
    server = VoiceServer(House(settings, engines, silero, metrics))
    async with _listening(server, settings) as port:
        names = {choice.role: choice.name for choice in engines.choices}
        print(json.dumps({"event": "ready", "port": port, **names}), flush=True)  # noqa: T201
        host = "localhost" if settings.server.host == "127.0.0.1" else settings.server.host
        logger.info("open http://%s:%d/ and talk", host, port)
        probe = asyncio.create_task(metrics.probe_loop())
        await stop.wait()
        logger.info("stopping")
        await server.drain(hurry)
        probe.cancel()


@asynccontextmanager
async def _listening(server: VoiceServer, settings: Settings) -> AsyncIterator[int]:
    """Accept connections; yields the port."""
    runner = web.AppRunner(
        server.application(), access_log=None, shutdown_timeout=SHUTDOWN_S, handle_signals=False
    )
    await runner.setup()
    site = web.TCPSite(runner, settings.server.host, settings.server.port)
    try:
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _stop_signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Two events: SIGTERM or SIGINT sets the first, and when sent again the second."""
    stop, hurry = asyncio.Event(), asyncio.Event()

    def asked() -> None:
        if stop.is_set():
            hurry.set()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    return stop, hurry


def _limited_transport(request: web.Request) -> asyncio.Transport:
    """The connection's transport, with a small send buffer in the kernel."""
    transport = cast(asyncio.Transport, request.transport)
    sock: socket.socket = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return transport


async def _secured(request: web.Request, response: web.StreamResponse) -> None:
    """Before any headers leave, those of streams and of errors too."""
    if not isinstance(response, web.WebSocketResponse):
        response.headers.update(SECURITY_HEADERS)


async def _alive(request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


async def _index(request: web.Request) -> web.FileResponse:
    return web.FileResponse(web_dir() / "index.html")
