"""Whether a request is a WebSocket handshake as RFC 6455, 4.2.1, wants it. Pure.

aiohttp checks most of it, but takes versions 7 and 8, whose frames it does not speak, HTTP/1.0,
headers that come twice and requests with a body.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiohttp import HttpVersion, HttpVersion10, HttpVersion11
from multidict import CIMultiDictProxy

SEGMENT_CHARS_MAX = 255
"""Of a path, between two slashes; file systems choke on more."""
VERSION = "13"
KEY_BYTES = 16

ONCE = ("Host", "Origin", "Authorization")
"""Headers of any request whose second appearance could mean something else to somebody else."""
ONCE_IN_HANDSHAKE = ("Sec-WebSocket-Key", "Sec-WebSocket-Version")

Headers = CIMultiDictProxy[str]


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a request is refused before anybody looks at what it asks for."""

    status: int
    message: str


def asks_for_websocket(method: str, headers: Headers) -> bool:
    """Whether this request would turn the connection into a WebSocket."""
    return (
        method == "GET"
        and "websocket" in _tokens(headers.getall("Upgrade", ()))
        and "upgrade" in _tokens(headers.getall("Connection", ()))
    )


def request_objection(version: HttpVersion, path: str, headers: Headers) -> Objection | None:
    """What is wrong with any request, whatever it asks for."""
    if version < HttpVersion10:
        return Objection(400, "This server speaks HTTP/1.1.")
    if any(len(segment) > SEGMENT_CHARS_MAX for segment in path.split("/")):
        return Objection(404, "Nothing here has so long a name.")
    if version >= HttpVersion11 and not headers.get("Host"):
        return Objection(400, "The header Host is missing.")
    return _repeated(headers, ONCE)


def handshake_objection(
    version: HttpVersion, method: str, headers: Headers, *, has_body: bool
) -> Objection | None:
    """What is wrong with a handshake."""
    if version != HttpVersion11:
        return Objection(400, "A WebSocket begins with HTTP/1.1.")
    if not asks_for_websocket(method, headers):
        message = "This is a WebSocket: send Upgrade: websocket and Connection: Upgrade."
        return Objection(426, message)
    if repeated := _repeated(headers, ONCE_IN_HANDSHAKE):
        return repeated
    if headers.get("Sec-WebSocket-Version") != VERSION:
        return Objection(426, f"This server speaks version {VERSION} of the WebSocket protocol.")
    if not _is_key(headers.get("Sec-WebSocket-Key", "")):
        return Objection(400, "Sec-WebSocket-Key is not 16 bytes in base64.")
    if has_body:
        return Objection(400, "A WebSocket handshake has no body.")
    return None


def answer_headers(objection: Objection) -> Mapping[str, str]:
    """What a client needs to know to try again (RFC 6455, 4.4)."""
    if objection.status == 426:
        return {"Upgrade": "websocket", "Sec-WebSocket-Version": VERSION}
    return {}


def _repeated(headers: Headers, names: Iterable[str]) -> Objection | None:
    for name in names:
        if len(headers.getall(name, ())) > 1:
            return Objection(400, f"The header {name} came more than once.")
    return None


def _tokens(values: Iterable[str]) -> set[str]:
    """The members of comma-separated lists, in lower case."""
    return {token.strip().lower() for value in values for token in value.split(",")}


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.strip(), validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False
