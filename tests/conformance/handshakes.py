"""Requests that ask for a WebSocket, almost all of them wrongly (RFC 6455, 4; RFC 6454).

Our answers, in short: 400 for what is garbled, 403 for who should not be here, 426 for who speaks
another version.
"""

from collections.abc import Callable, Iterator

from tests.support.probe import Case
from tests.support.raw_frames import HANDSHAKE, PORT, TEXT, frame, handshake

OWN = f"http://127.0.0.1:{PORT}"


def handshakes() -> Iterator[Case]:
    """All of them."""
    yield Case("Handshake", "one byte at a time", "alive", slices=1)
    for group, tell in (("Handshake", _handshakes), ("Host", _hosts), ("Origin", _origins)):
        for name, expected, request in tell():
            yield Case(group, name, expected, request)


Told = Iterator[tuple[str, str, bytes]]
"""Name, what should come of it, and the request."""


def _handshakes() -> Told:
    yield "as it should be", "alive", handshake()
    yield "header names in lower case", "alive", _named(str.lower)
    yield "header names in upper case", "alive", _named(str.upper)
    for name, value in (("Upgrade", "WebSocket"), ("Connection", "keep-alive, Upgrade")):
        yield f"{name}: {value}", "alive", handshake({name: value})
    for name, missing in (("Upgrade", "426"), ("Connection", "426"), ("Sec-WebSocket-Key", "400")):
        yield f"no {name}", missing, handshake({name: None})
    for name, value in (("Upgrade", "h2c"), ("Connection", "close"), ("Connection", "keep-alive")):
        yield f"{name}: {value}", "426", handshake({name: value})
    yield from _versions()
    yield from _keys()
    yield from _methods()
    yield from _bodies()
    yield from _offers()


def _versions() -> Told:
    yield "no version", "426", handshake({"Sec-WebSocket-Version": None})
    for version in ("0", "7", "8", "12", "14", "013", "13, 8", "thirteen"):
        yield f"version {version}", "426", handshake({"Sec-WebSocket-Version": version})
    yield "version twice", "400", handshake(added=[("Sec-WebSocket-Version", "13")])


def _keys() -> Told:
    keys = {
        "empty key": "",
        "key of 3 bytes": "AAAA",
        "key of 18 bytes": "A" * 24,
        "key that is no base64": "!" * 24,
        "key with a stranger in it": "dGhlIHNhbXBs*ZSBub25jZQ==",
    }
    for name, key in keys.items():
        yield name, "400", handshake({"Sec-WebSocket-Key": key})
    yield (
        "key twice",
        "400",
        handshake(added=[("Sec-WebSocket-Key", HANDSHAKE["Sec-WebSocket-Key"])]),
    )


def _methods() -> Told:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        yield method, "405", handshake(start=f"{method} /v1/voice HTTP/1.1")
    yield "HEAD", "426", handshake(start="HEAD /v1/voice HTTP/1.1")
    yield "get in lower case", "400", handshake(start="get /v1/voice HTTP/1.1")
    for version in ("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/11", "ICE/1.0"):
        yield version, "400", handshake(start=f"GET /v1/voice {version}")


def _bodies() -> Told:
    yield "Content-Length: 0", "alive", handshake(added=[("Content-Length", "0")])
    yield "with a body", "400", handshake(added=[("Content-Length", "5")], body=b"hello")
    chunks = b"5\r\nhello\r\n0\r\n\r\n"
    yield "with chunks", "400", handshake(added=[("Transfer-Encoding", "chunked")], body=chunks)
    early = frame(TEXT, b"{}")
    yield "a frame in the same breath", "400", handshake(body=early)
    yield (
        "an unmasked frame in the same breath",
        "400",
        handshake(body=frame(TEXT, b"{}", mask=None)),
    )


def _offers() -> Told:
    extensions = {
        "compression offered": "permessage-deflate",
        "compression offered in detail": "permessage-deflate; client_max_window_bits; foo=bar",
        "unknown extension": "x-webkit-deflate-frame, mux; max-channels=4",
        "garbled extension": ';;,=,"',
    }
    for name, value in extensions.items():
        yield name, "alive", handshake({"Sec-WebSocket-Extensions": value})
    protocols = {
        "unknown subprotocol": "graphql-ws",
        "known subprotocol among others": "foo, voice.v1",
        "garbled subprotocol": ", ,\\;",
        "a thousand subprotocols": ",".join(map(str, range(1000))),
    }
    for name, value in protocols.items():
        yield name, "alive", handshake({"Sec-WebSocket-Protocol": value})


def _named(change: Callable[[str], str]) -> bytes:
    """The handshake with other spellings of the headers' names."""
    return handshake(
        dict.fromkeys(HANDSHAKE),
        added=[(change(name), value) for name, value in HANDSHAKE.items()],
    )


def _hosts() -> Told:
    ours = ("127.0.0.1", f"localhost:{PORT}", f"LocalHost:{PORT}", f"localhost.:{PORT}")
    for host in (*ours, f"[::1]:{PORT}", "127.0.0.1:1"):
        yield host, "alive", handshake({"Host": host})
    strangers = (
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "2130706433",
        "0x7f000001",
        "user@127.0.0.1",
        "127.0.0.1/localhost",
        "127.0.0.1:99999",
        "[::1",
    )
    for host in strangers:
        yield host, "403", handshake({"Host": host})
    yield "missing", "400", handshake({"Host": None})
    yield "empty", "400", handshake({"Host": ""})
    yield "twice", "400", handshake(added=[("Host", f"127.0.0.1:{PORT}")])
    yield "twice, the second a stranger", "400", handshake(added=[("Host", "evil.example")])


def _origins() -> Told:
    ours = (OWN, f"https://127.0.0.1:{PORT}", f"HTTP://127.0.0.1:{PORT}")
    for origin in (*ours, f"http://127.0.0.1.:{PORT}", "https://kiosk.example"):
        yield origin, "alive", handshake({"Origin": origin})
    for origin in ("https://KIOSK.example:443", "https://kiosk.example."):
        yield origin, "alive", handshake({"Origin": origin})
    strangers = (
        "null",
        "http://evil.example",
        f"http://evil.example:{PORT}",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        f"http://localhost:{PORT}",
        f"http://[::1]:{PORT}",
        f"{OWN}.evil.example",
        f"{OWN}/",
        f"{OWN}, http://evil.example",
        f"http://evil.example, {OWN}",
        f"http://127.0.0.1:{PORT}@evil.example",
        f"http://evil.example#{OWN}",
        "http://kiosk.example",
        "https://kiosk.example:8443",
        "https://kiosk.example.evil.example",
        "https://evilkiosk.example",
        "https://kiosk%2eexample",
        "file://",
        "chrome-extension://kiosk.example",
        "//127.0.0.1",
        "127.0.0.1",
    )
    for origin in strangers:
        yield origin, "403", handshake({"Origin": origin})
    yield "empty", "403", handshake({"Origin": ""})
    yield "twice", "400", handshake({"Origin": OWN}, added=[("Origin", OWN)])
    yield (
        "twice, the second a stranger",
        "400",
        handshake({"Origin": OWN}, added=[("Origin", "http://evil.example")]),
    )
