"""The telephone exchange: takes calls, checks that they are who they say, and counts them.

Twilio, Telnyx, Vonage and Asterisk open a WebSocket to us; Twilio asks over HTTP before what to do
with a call. What goes wrong in a call is in the log, with the call's name: its peer has no ears for
it.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Mapping
from contextlib import aclosing

import numpy as np
from aiohttp import web

from audio import Samples
from models.tts import SynthesisError, Synthesizer
from voice_server import events as ev
from voice_server.closes import CLOSES, ErrorCode
from voice_server.conversation.rehearsal import rehearse
from voice_server.identity.identity import Denied, Identity
from voice_server.links.switchboard import Switchboard
from voice_server.links.websocket import MessageSocket
from voice_server.metrics import Metrics
from voice_server.settings import Settings
from voice_server.wires.phone import Dialect, twiml
from voice_server.wires.phone.asterisk import Asterisk
from voice_server.wires.phone.call import PhoneWire
from voice_server.wires.phone.comfort import SILENCE, Phrase
from voice_server.wires.phone.policy import call_policy, matches, number_allowed
from voice_server.wires.phone.telnyx import Telnyx
from voice_server.wires.phone.twilio import Twilio
from voice_server.wires.phone.vonage import Vonage

logger = logging.getLogger(__name__)

ASTERISK_SUBPROTOCOL = "media"

CALLER = Identity("phone", "open")
"""Whoever calls: limits and budgets of their own are those of `phone`."""

PASSED_ON = ("language", "voice", "instructions", "greeting")
"""Parameters that `/twilio/voice` hands to the call."""


class LoggedCall:
    """A call's wire that writes down what goes wrong."""

    def __init__(self, wire: PhoneWire) -> None:
        self._wire = wire

    @property
    def call(self) -> str:
        """Peer and call."""
        return self._wire.call

    @property
    def nameless(self) -> bool:
        """As the wire's."""
        return self._wire.nameless

    def greet(self) -> list[ev.ClientEvent]:
        """As the wire's."""
        return self._wire.greet()

    def receive(self, data: str | bytes) -> list[ev.ClientEvent]:
        """As the wire's."""
        return self._wire.receive(data)

    def send(self, event: ev.ServerEvent, now_ms: int) -> list[str | bytes]:
        """As the wire's; errors are logged."""
        if isinstance(event, ev.ErrorRaised):
            extra = {"call": self.call, "code": event.code.value, "fatal": event.fatal}
            logger.warning("call: %s", event.message, extra=extra)
        return self._wire.send(event, now_ms)


class Exchange:
    """All telephone calls of one process."""

    def __init__(
        self,
        settings: Settings,
        switchboard: Switchboard,
        metrics: Metrics,
        synthesizer: Synthesizer,
    ) -> None:
        self._settings = settings
        self._synthesizer = synthesizer
        self._filler = SILENCE
        self._rehearsed = asyncio.Event()
        self._switchboard = switchboard
        self._metrics = metrics
        self._calls: set[LoggedCall] = set()

    async def rehearse(self) -> None:
        """Say once what will be said in every call; a voice that remembers has it ready then."""
        phone, llm = self._settings.phone, self._settings.llm
        phrases = (phone.greeting or llm.greeting, llm.apology, phone.silence_prompt)
        try:
            for text in (*phrases, phone.farewell):
                await self._say(text)
            filler = await self._say(phone.filler)
        except SynthesisError as error:
            logger.warning("the phrases of the telephone cannot be spoken: %s", error)
        else:
            self._filler = Phrase(filler, self._synthesizer.rate)
        finally:
            self._rehearsed.set()

    async def _say(self, text: str) -> Samples:
        speech = rehearse(text, self._synthesizer, self._settings.tts)
        async with aclosing(speech) as pieces:
            return np.concatenate([np.zeros(0, np.int16), *[piece async for piece in pieces]])

    @property
    def full(self) -> bool:
        """Whether no further call is taken."""
        waiting = sum(call.nameless for call in self._calls)
        phone = self._settings.phone
        return len(self._calls) >= phone.calls_max or waiting >= phone.calls_waiting_max

    async def connect(
        self, request: web.Request, dialect: Dialect, *, vouched: bool, subprotocol: str = ""
    ) -> web.StreamResponse:
        """Take a call that came over a WebSocket."""
        if self.full:
            return self._refused(dialect.peer, ErrorCode.NO_CAPACITY, "All lines are busy.")
        await self._rehearsed.wait()
        policy = call_policy(self._settings, vouched=vouched)
        wire = LoggedCall(PhoneWire(dialect, policy, self._filler))
        known = CALLER if vouched or policy.secrets else None
        protocols = (subprotocol,) if subprotocol else ()
        self._enter(wire, dialect.peer)
        try:
            return await self._switchboard.connect(request, wire, protocols, known=known)
        finally:
            self._leave(wire, dialect.peer)

    async def hold(
        self,
        socket: MessageSocket,
        transport: asyncio.Transport,
        dialect: Dialect,
    ) -> None:
        """Take a call on a connection whose caller is known."""
        await self._rehearsed.wait()
        policy = call_policy(self._settings, vouched=True)
        wire = LoggedCall(PhoneWire(dialect, policy, self._filler))
        if self.full:
            self._refused(dialect.peer, ErrorCode.NO_CAPACITY, "All lines are busy.")
            transport.abort()
            return
        self._enter(wire, dialect.peer)
        try:
            await self._switchboard.hold(socket, transport, wire, CALLER)
        except Denied as denied:
            self._refused(dialect.peer, denied.refusal.code, denied.refusal.message)
            transport.abort()
        finally:
            self._leave(wire, dialect.peer)

    def _enter(self, wire: LoggedCall, peer: str) -> None:
        self._calls.add(wire)
        self._metrics.phone_calls.labels(peer).inc()

    def _leave(self, wire: LoggedCall, peer: str) -> None:
        self._calls.discard(wire)
        self._metrics.phone_calls.labels(peer).dec()
        logger.info("call ended", extra={"call": wire.call})

    def _refused(self, peer: str, code: ErrorCode, message: str) -> web.Response:
        self._metrics.refused.labels(code.value).inc()
        if code is ErrorCode.NO_CAPACITY:
            self._metrics.limit_hits.labels("phone_calls").inc()
        logger.warning("call refused: %s", message, extra={"call": peer, "code": code.value})
        body = {"error": {"code": code, "message": message}}
        return web.json_response(body, status=CLOSES[code].http_status)

    # Doors -----------------------------------------------------------------------------------

    async def twilio(self, request: web.Request) -> web.StreamResponse:
        """`/twilio/media`."""
        if not self._signed(request, {}, socket=True):
            reason = "The request is not signed with phone.twilio_auth_token for our public URL."
            return self._refused("twilio", ErrorCode.UNAUTHORIZED, reason)
        vouched = bool(self._settings.phone.twilio_auth_token) or self._vouched(request)
        return await self.connect(request, Twilio(), vouched=vouched)

    async def telnyx(self, request: web.Request) -> web.StreamResponse:
        """`/telnyx/media`."""
        return await self.connect(request, Telnyx(), vouched=self._vouched(request))

    async def vonage(self, request: web.Request) -> web.StreamResponse:
        """`/vonage/media`."""
        return await self.connect(request, Vonage(), vouched=self._vouched(request))

    async def asterisk(self, request: web.Request) -> web.StreamResponse:
        """`/asterisk/media`."""
        return await self.connect(
            request,
            Asterisk(request.query),
            vouched=self._vouched(request),
            subprotocol=ASTERISK_SUBPROTOCOL,
        )

    async def twilio_voice(self, request: web.Request) -> web.Response:
        """`/twilio/voice`: TwiML for an incoming call. The query's parameters go with it."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        phone = self._settings.phone
        if not self._signed(request, form):
            reason = "The request is not signed with phone.twilio_auth_token for our public URL."
            return self._refused("twilio", ErrorCode.UNAUTHORIZED, reason)
        secrets = call_policy(self._settings, vouched=False).secrets
        if secrets and not phone.twilio_auth_token and not self._vouched(request):
            reason = "Set phone.twilio_auth_token, or call /twilio/voice?token= with phone.token."
            return self._refused("twilio", ErrorCode.UNAUTHORIZED, reason)
        return _xml(self._answer(request, form.get("From", ""), secrets))

    def _answer(self, request: web.Request, caller: str, secrets: tuple[str, ...]) -> str:
        if not number_allowed(caller, self._settings.phone.allowed_numbers):
            logger.info("call rejected: the number is not in phone.allowed_numbers")
            return twiml.rejection("rejected")
        if self.full:
            self._metrics.limit_hits.labels("phone_calls").inc()
            return twiml.rejection("busy")
        parameters = {name: request.query[name] for name in PASSED_ON if name in request.query}
        if secrets:
            parameters["token"] = secrets[0]
        url = twiml.as_addressed(self._public_url(request), "/twilio/media", socket=True)
        return twiml.answer(url, parameters)

    # Who is it? ------------------------------------------------------------------------------

    def _public_url(self, request: web.Request) -> str:
        return self._settings.phone.public_url or f"{request.scheme}://{request.host}"

    def _signed(
        self, request: web.Request, form: Mapping[str, str], *, socket: bool = False
    ) -> bool:
        """Whether Twilio signed it; where no auth token is set, nobody has to."""
        auth_token = self._settings.phone.twilio_auth_token
        if not auth_token:
            return True
        url = twiml.as_addressed(self._public_url(request), request.raw_path, socket=socket)
        offered = request.headers.get("X-Twilio-Signature", "")
        return twiml.is_signed(auth_token, url, offered, form.items())

    def _vouched(self, request: web.Request) -> bool:
        """Whether the request itself brings the token: in its URL, as a password or as a key."""
        offered = [request.query.get("token", ""), _credential(request)]
        secrets = call_policy(self._settings, vouched=False).secrets
        return any(matches(secret, secrets) for secret in offered if secret)


def _credential(request: web.Request) -> str:
    """A key, or the password of HTTP Basic (RFC 7617), which is what Asterisk sends."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _xml(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/xml")


def add_phone_routes(router: web.UrlDispatcher, exchange: Exchange) -> None:
    """Where telephones are answered."""
    router.add_get("/twilio/media", exchange.twilio)
    router.add_get("/telnyx/media", exchange.telnyx)
    router.add_get("/vonage/media", exchange.vonage)
    router.add_get("/asterisk/media", exchange.asterisk)
    router.add_route("*", "/twilio/voice", exchange.twilio_voice)
