"""`POST /v1/tickets`, `/v1/realtime/client_secrets` and the beta's: credentials to hand on.

Here, and not at the socket, a browser can read why not: it sees the status of a refused request,
but of a refused WebSocket nothing at all.
"""

import secrets

from aiohttp import web

from voice_server.admission import Admission
from voice_server.conversation import session_config
from voice_server.conversation.house import House
from voice_server.conversation.session_config import ConfigError
from voice_server.identity.client_secrets import SecretTooLong
from voice_server.identity.identity import Identity
from voice_server.identity.tab import USED_BY
from voice_server.links.openai_desk import IDENTITY, OpenAIDesk
from voice_server.links.uploads import receive_json
from voice_server.wires import tokens as wire
from voice_server.wires.openai_errors import invalid
from voice_server.wires.realtime.configuration import Surroundings

BASES = ("/v1", "/openai/v1")


def add_token_routes(
    router: web.UrlDispatcher, house: House, desk: OpenAIDesk, admission: Admission
) -> None:
    """Where credentials are made."""
    tokens = TokenEndpoints(house, admission)
    router.add_post("/v1/tickets", desk.serving("tickets", tokens.ticket))
    for base in BASES:
        for name, handler in (
            ("client_secrets", tokens.client_secret),
            ("sessions", tokens.beta_session),
            ("transcription_sessions", tokens.beta_transcription_session),
        ):
            serving = desk.serving("client_secrets", handler)
            router.add_post(f"{base}/realtime/{name}", serving)


class TokenEndpoints:
    """Makes tickets and client secrets."""

    def __init__(self, house: House, admission: Admission) -> None:
        self._house = house
        self._admission = admission
        self._identities = admission.identities

    async def ticket(self, request: web.Request) -> web.Response:
        """A ticket, and a place that waits for it. Raises `ApiError` and `Denied`."""
        body = await receive_json(request, self._house.settings.rest)
        holder = wire.ticket_holder(body, _asker(request))
        self._check_config(holder)
        await self._identities.budgets.check(holder, USED_BY[holder.session.mode or "conversation"])
        ticket = await self._identities.tickets.issue(holder, self._identities.now())
        await self._admission.keep(ticket.identity, self._house.settings.auth.ticket_ttl_s)
        return web.json_response(wire.ticket_json(ticket))

    async def client_secret(self, request: web.Request) -> web.Response:
        """A client secret. Raises `ApiError` and `Denied`."""
        body = await receive_json(request, self._house.settings.rest)
        asked = wire.secret_holder(body, _asker(request), self._surroundings())
        return web.json_response(wire.secret_json(*await self._made(asked)))

    async def beta_session(self, request: web.Request) -> web.Response:
        """The beta's, for conversations. Raises `ApiError` and `Denied`."""
        return await self._beta(request, transcribes=False)

    async def beta_transcription_session(self, request: web.Request) -> web.Response:
        """The beta's, for transcription. Raises `ApiError` and `Denied`."""
        return await self._beta(request, transcribes=True)

    async def _beta(self, request: web.Request, *, transcribes: bool) -> web.Response:
        body = await receive_json(request, self._house.settings.rest)
        asked = wire.beta_secret_holder(
            body, _asker(request), self._surroundings(), transcribes=transcribes
        )
        return web.json_response(wire.beta_secret_json(*await self._made(asked)))

    async def _made(self, asked: wire.Asked) -> tuple[str, int, wire.Json]:
        """The value, when it expires, and the session that it begins."""
        now = int(self._identities.now())
        expires_at = now + asked.ttl_s
        kinds = USED_BY[asked.identity.session.mode or "conversation"]
        await self._identities.budgets.check(asked.identity, kinds)
        try:
            value = self._identities.secrets.issue(asked.identity, now, asked.ttl_s)
        except SecretTooLong as error:
            raise invalid("session", f"{error}.") from None
        session = {
            **asked.session.to_json(),
            "id": f"sess_{secrets.token_hex(12)}",
            "expires_at": expires_at,
        }
        return value, expires_at, session

    def _check_config(self, holder: Identity) -> None:
        try:
            config, settings = holder.session.config, self._house.settings
            session_config.turn_settings(config, settings)
            voices = self._house.engines.synthesizer.voices
            session_config.check(config, voices, settings.tools)
        except ConfigError as error:
            raise invalid("config", f"config.{error}.") from None

    def _surroundings(self) -> Surroundings:
        settings = self._house.settings
        voices = self._house.engines.synthesizer.voices
        return Surroundings(voices, settings.tts.voice, settings.turn)


def _asker(request: web.Request) -> wire.Asker:
    return wire.Asker(request[IDENTITY], request.headers.get("Origin"))
