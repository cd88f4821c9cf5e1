"""The HTTP application: routes, the page, health, metrics, and an orderly end.

`/v1/voice` (and `/ws`) upgrade to a session; `/` is the demo page. On SIGTERM nobody new is let in,
replies in progress may end, everyone is told, and the process exits; a second one cuts that short.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp import web

from audio.silero import SileroModel
from models.llm.health import healths_of
from models.tts.phrases import PhraseMemory
from voice_server import __version__
from voice_server.admission import Admission
from voice_server.assets import web_dir
from voice_server.conversation.house import House
from voice_server.door.front_door import FrontDoor
from voice_server.door.reception import reception
from voice_server.door.tls import page_url
from voice_server.engines import Engines
from voice_server.identity.identities import Identities
from voice_server.links.asterisk import add_asterisk_routes
from voice_server.links.audiosocket import audiosocket_calls
from voice_server.links.openai_desk import OpenAIDesk
from voice_server.links.openai_rest import add_openai_routes
from voice_server.links.phone import Exchange, add_phone_routes
from voice_server.links.realtime import add_realtime_routes
from voice_server.links.switchboard import Switchboard
from voice_server.links.tokens import add_token_routes
from voice_server.links.voice import add_voice_routes
from voice_server.links.wyoming import wyoming_connections
from voice_server.metrics import Metrics
from voice_server.model_meter import ModelMeter
from voice_server.own_memory import OwnMemory
from voice_server.readiness import http_status, readiness
from voice_server.settings import Settings
from voice_server.signals import stop_signals
from voice_server.stores.opening import call_store, identity_store, redis_link
from voice_server.tasks import cancelled, watched
from voice_server.telemetry import tracing
from voice_server.toolbox import load_tools
from voice_server.transcripts.recorder import recorder_of, recording
from voice_server.watchdog import watched_loop

if TYPE_CHECKING:
    from voice_server.stores.redis_link import RedisLink

logger = logging.getLogger(__name__)

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

    def __init__(self, house: House, link: "RedisLink | None" = None) -> None:
        """`link` is to the Redis that this process shares with others."""
        self.house = house
        store = identity_store(link, house.settings.auth)
        self.identities = Identities(house.settings, house.metrics, store)
        recognizer = house.engines.recognizer
        self._admission = Admission(
            house.settings,
            self.identities,
            load=lambda: recognizer.workload,
            memory_share=OwnMemory().share,
        )
        house.metrics.loop_lagged = self._admission.loop_lagged
        self._desk = OpenAIDesk(self._admission, house.metrics)
        calls = call_store(link, house.settings)
        self.switchboard = Switchboard(house, self._admission, calls)
        self.exchange = Exchange(
            house.settings, self.switchboard, house.metrics, house.engines.synthesizer
        )
        """Telephone calls."""

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=65_536, middlewares=[reception])
        app.on_response_prepare.append(_secured)
        app.cleanup_ctx.append(self._watching)
        add_voice_routes(app.router, self.switchboard)
        add_realtime_routes(app.router, self.house, self.switchboard)
        add_openai_routes(app.router, self.house, self._desk)
        add_phone_routes(app.router, self.exchange)
        add_asterisk_routes(app.router, self._desk, self.exchange, self.house.settings)
        add_token_routes(app.router, self.house, self._desk, self._admission)
        app.router.add_get("/livez", _alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/", _index)
        app.router.add_static("/", web_dir())
        return app

    async def _watching(self, app: web.Application) -> AsyncIterator[None]:
        """Look for what was revoked, as long as the server runs."""
        await self.identities.look()  # before anybody comes
        watching = watched(self.identities.watch(), lambda: None)
        yield
        await cancelled(watching)

    # Operations ------------------------------------------------------------------------------

    async def _ready(self, request: web.Request) -> web.Response:
        healths = healths_of(self.house.engines.chat)
        state = readiness(
            healths,
            draining=self._admission.draining,
            full=self._admission.full,
            forgetful=self.identities.forgetful,
        )
        body = {
            "status": state,
            "engines": self._engine_names(),
            "llm": [{"name": name, "state": health} for name, health in healths],
            "version": __version__,
        }
        return web.json_response(body, status=http_status(state))

    async def _metrics(self, request: web.Request) -> web.Response:
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=self.house.metrics.render(), headers=headers)

    def _engine_names(self) -> dict[str, str]:
        return {choice.role: choice.name for choice in self.house.engines.choices}

    async def drain(self, hurry: asyncio.Event) -> None:
        """Let replies in progress end, tell everyone, and wait until they are gone.

        Whoever is there when `server.drain_s` is over, or `hurry` is set, is cut off.
        """
        self._admission.draining = True
        self.switchboard.leave()
        ends = [asyncio.create_task(wait()) for wait in (self._all_gone, hurry.wait)]
        patience_s = self.house.settings.server.drain_s
        await asyncio.wait(ends, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        self.switchboard.abort()

    async def _all_gone(self) -> None:
        """Return when every session has ended and every request is answered."""
        await self.switchboard.idle()
        await self._desk.idle()


async def serve(settings: Settings, engines: Engines, tls: ssl.SSLContext | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Prints the ready line once connections are accepted."""
    stop, hurry = stop_signals()
    metrics = Metrics()
    meter = ModelMeter(engines.schedulers, engines.recognizer)
    metrics.watch_queues(meter.depths)
    meter.watch(metrics.registry)
    engines.chat_meter.attach(metrics)
    silero = await asyncio.to_thread(SileroModel)
    remembered = settings.tts.phrases_bytes_max
    engines = replace(engines, synthesizer=PhraseMemory(engines.synthesizer, remembered))
    tools = load_tools(settings.tools.functions)
    transcripts = recorder_of(settings.transcripts, metrics)
    house = House(settings, engines, silero, metrics, tools, transcripts)
    async with redis_link(settings.store, metrics) as link:
        await _served(VoiceServer(house, link), tls, stop, hurry)


async def _served(
    server: VoiceServer, tls: ssl.SSLContext | None, stop: asyncio.Event, hurry: asyncio.Event
) -> None:
    """Accept connections until `stop`, then drain."""
    settings, engines, metrics = server.house.settings, server.house.engines, server.house.metrics
    async with (
        tracing(settings.telemetry, metrics),
        recording(server.house.transcripts),
        _listening(server, settings, metrics, tls) as port,
        audiosocket_calls(server.exchange, settings.phone) as phone_ports,
        wyoming_connections(server.house, server.switchboard) as wyoming_ports,
    ):
        rehearsal = watched(server.exchange.rehearse(), lambda: None)
        names = {str(choice.role): choice.name for choice in engines.choices}
        url = page_url(settings.server, port)
        ready = {"event": "ready", "port": port, "url": url}
        print(json.dumps(ready | names | phone_ports | wyoming_ports), flush=True)  # noqa: T201
        logger.info("open %s and talk", url)
        probe = asyncio.create_task(metrics.probe_loop())
        with watched_loop(settings.limits.loop_stall_ms / 1000, metrics.loop_stalls.inc):
            await stop.wait()
            logger.info("stopping")
            await server.drain(hurry)
        probe.cancel()
        rehearsal.cancel()


@asynccontextmanager
async def _listening(
    server: VoiceServer, settings: Settings, metrics: Metrics, tls: ssl.SSLContext | None
) -> AsyncIterator[int]:
    """Accept connections; yields the port."""
    limits = settings.limits
    runner = web.AppRunner(
        server.application(),
        access_log=None,
        shutdown_timeout=SHUTDOWN_S,
        handle_signals=False,
        keepalive_timeout=limits.keep_alive_s,
    )
    await runner.setup()
    assert runner.server is not None
    door = FrontDoor(runner.server, limits, metrics, tls, settings.server.trusted_proxies)
    try:
        yield await door.open(settings.server.host, settings.server.port)
    finally:
        await door.close()
        await runner.cleanup()


async def _secured(request: web.Request, response: web.StreamResponse) -> None:
    """Before any headers leave, those of streams and of errors too."""
    if not isinstance(response, web.WebSocketResponse):
        response.headers.update(SECURITY_HEADERS)


async def _alive(request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


async def _index(request: web.Request) -> web.FileResponse:
    return web.FileResponse(web_dir() / "index.html")
