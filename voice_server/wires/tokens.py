"""Asking for tickets and client secrets: JSON in, what it means out, and the answers. Pure.

OpenAI's requests, and what theirs lack: a leash that the server holds (`max_session_s`,
`max_turns`, `origin`), and whom the credential is for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from voice_server import events as ev
from voice_server.identity.identity import Identity, Leash, SessionDefaults
from voice_server.identity.keys import USER
from voice_server.identity.tickets import Ticket
from voice_server.wires.messages import Config
from voice_server.wires.openai_errors import ApiError, decode, invalid
from voice_server.wires.realtime import beta, session_merge
from voice_server.wires.realtime.configuration import Surroundings, configuration
from voice_server.wires.realtime.errors import RefusalError
from voice_server.wires.realtime.session_object import Session
from voice_server.wires.voice_v1 import config_of

Json = dict[str, Any]
SECRET_TTL_S = 600

Origin = Annotated[str, Meta(pattern=r"^https?://[a-z0-9.\-\[\]:]{1,255}$")]
User = Annotated[str, Meta(pattern=rf"^{USER.pattern}$")]


class ForWhom(Struct, kw_only=True):
    """Who will hold the credential, and how long the leash is."""

    user: User | None = None
    """A user of yours, with limits and budgets of their own."""
    origin: Origin | None = None
    """The only page that may use it."""
    max_session_s: Annotated[int, Meta(ge=1, le=86_400)] | None = None
    max_turns: Annotated[int, Meta(ge=1, le=100_000)] | None = None


class TicketRequest(ForWhom, kw_only=True):
    """`POST /v1/tickets`."""

    mode: ev.Mode | None = None
    config: Config | None = None


class ExpiresAfter(Struct):
    """How long a client secret is good for connecting."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Meta(ge=10, le=7200)] = SECRET_TTL_S


class SecretRequest(ForWhom, kw_only=True):
    """`POST /v1/realtime/client_secrets`."""

    expires_after: ExpiresAfter | None = None
    session: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who wants a credential to hand on."""

    identity: Identity
    page: str | None
    """The origin of the page that asks; None: a program."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A client secret that somebody wants."""

    identity: Identity
    ttl_s: int
    session: Session
    """In full, as it will begin."""


def ticket_holder(body: bytes, asker: Asker) -> Identity:
    """Who the ticket is for. Raises `ApiError`."""
    asked = decode(body or b"{}", TicketRequest)
    defaults = SessionDefaults(asked.mode, config_of(asked.config or Config()))
    return replace(_holder(asked, asker), session=defaults)


def secret_holder(body: bytes, asker: Asker, around: Surroundings) -> Asked:
    """Who the client secret is for. Raises `ApiError`."""
    asked = decode(body or b"{}", SecretRequest)
    expiry = asked.expires_after or ExpiresAfter()
    return _secret(asked, asked.session or {}, expiry.seconds, asker, around)


def beta_secret_holder(
    body: bytes, asker: Asker, around: Surroundings, *, transcribes: bool
) -> Asked:
    """The same for the beta's endpoints, where the body is the session. Raises `ApiError`."""
    asked = decode(body or b"{}", ForWhom)
    flat = msgspec.json.decode(body or b"{}")
    for ours in ("user", "origin", "max_session_s", "max_turns", "client_secret"):
        flat.pop(ours, None)
    session = beta.session_in(flat)
    session["type"] = "transcription" if transcribes else "realtime"
    return _secret(asked, session, SECRET_TTL_S, asker, around)


def ticket_json(ticket: Ticket) -> Json:
    """The answer to a request for a ticket."""
    return {
        "ticket": ticket.value,
        "subprotocol": f"ticket.{ticket.value}",
        "expires_at": int(ticket.expires_at),
        "user": ticket.identity.user,
    }


def secret_json(value: str, expires_at: int, session: Json) -> Json:
    """The answer to a request for a client secret."""
    return {"value": value, "expires_at": expires_at, "session": session}


def beta_secret_json(value: str, expires_at: int, session: Json) -> Json:
    """The beta's: the flat session, with the secret in it."""
    secret = {"value": value, "expires_at": expires_at}
    return {**beta.session_out(session), "client_secret": secret}


def _secret(
    asked: ForWhom,
    given: Json,
    ttl_s: int,
    asker: Asker,
    around: Surroundings,
) -> Asked:
    session, config = _checked(given, around)
    defaults = SessionDefaults(
        mode="transcription" if session.type == "transcription" else None,
        config=ev.SessionConfig(
            instructions=config.instructions or None,
            voice=config.voice if _mentions_voice(given) else None,
            language=config.language,
        ),
        realtime=given,
    )
    return Asked(replace(_holder(asked, asker), session=defaults), ttl_s, session)


def _checked(given: Json, around: Surroundings) -> tuple[Session, ev.SessionConfig]:
    """The whole session that begins with this, if one can. Raises `ApiError`."""
    type = given.get("type", "realtime")
    if type not in ("realtime", "transcription"):
        raise invalid("session.type", "session.type: must be realtime or transcription.")
    model = given.get("model")
    start = Session(type=type, model=model) if isinstance(model, str) else Session(type=type)
    try:
        session = session_merge.merge(start, given)
        return session, configuration(session, around)
    except RefusalError as error:
        raise ApiError(400, str(error), code=error.reason, param=error.param) from None


def _mentions_voice(given: Mapping[str, Any]) -> bool:
    audio = given.get("audio")
    output = audio.get("output") if isinstance(audio, dict) else None
    return isinstance(output, dict) and output.get("voice") is not None


def _holder(asked: ForWhom, asker: Asker) -> Identity:
    if asker.page is not None and asked.origin not in (None, asker.page):
        raise invalid("origin", "origin: a page can ask for itself only.")
    leash = Leash(asked.max_session_s, asked.max_turns, asked.origin or asker.page)
    owner = asker.identity.user
    user = f"{owner}/{asked.user}" if asked.user else owner
    return replace(asker.identity, user=user, leash=leash, issuer=asker.identity.credential)
