"""Twilio's HTTP side: are its requests its own, and what is a call answered with? Pure.

Twilio signs what it asks for: HMAC-SHA1 with the account's auth token over the URL and the sorted
form fields (https://www.twilio.com/docs/usage/security). It is not told whether a port is part of
the URL that it knows, so both spellings are good.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import quoteattr

Fields = Iterable[tuple[str, str]]
"""Form fields in any order; a name may come twice."""

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def signature(auth_token: str, url: str, fields: Fields = ()) -> str:
    """What Twilio puts into `X-Twilio-Signature`."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(auth_token.encode(), signed.encode(errors="replace"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_signed(auth_token: str, url: str, offered: str, fields: Fields = ()) -> bool:
    """Whether a request is Twilio's."""
    fields = list(fields)
    return any(
        hmac.compare_digest(signature(auth_token, spelling, fields).encode(), offered.encode())
        for spelling in _spellings(url)
    )


def _spellings(url: str) -> Iterator[str]:
    """The URL with its port and without."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    name = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdecimal() else host
    port = PORTS.get(scheme, 443)
    yield url
    yield f"{scheme}://{name}{slash}{path}"
    yield f"{scheme}://{name}:{port}{slash}{path}"


def answer(stream_url: str, parameters: Mapping[str, str]) -> str:
    """TwiML that connects a call to our media stream."""
    inside = "".join(
        f"<Parameter name={quoteattr(name)} value={quoteattr(value)}/>"
        for name, value in parameters.items()
    )
    stream = f"<Stream url={quoteattr(stream_url)}>{inside}</Stream>"
    return _twiml(f"<Connect>{stream}</Connect>")


def rejection(reason: str) -> str:
    """TwiML that does not take a call: `busy`, or `rejected`."""
    return _twiml(f"<Reject reason={quoteattr(reason)}/>")


def _twiml(inside: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'


def as_addressed(public_url: str, raw_path: str, *, socket: bool = False) -> str:
    """The URL of ours that a provider knows, byte for byte: Twilio signs it as it asked for it.

    `raw_path` is path and query as they came; `socket`: the same place for a WebSocket.
    """
    scheme, _, rest = public_url.partition("://")
    secure = "s" if scheme == "https" else ""
    name = "ws" if socket else "http"
    return f"{name}{secure}://{rest.partition('/')[0]}{raw_path}"
