"""Plain HTTP, from odd to hostile (RFC 9110 and 9112), at an address that answers everybody."""

from collections.abc import Iterator

from tests.support.probe import Case
from tests.support.raw_frames import PORT, request

HOST = ("Host", f"127.0.0.1:{PORT}")
GET = "GET /livez HTTP/1.1"
POST = "POST /livez HTTP/1.1"

Told = Iterator[tuple[str, str, bytes]]
"""Name, what should come of it, and the request."""


def requests() -> Iterator[Case]:
    """All of them."""
    yield Case("Request lines", "one byte at a time", "200", request(), slices=1)
    yield Case("Request lines", "two at once", "200 200", request() * 2, answers=2)
    body = request(POST, [HOST, ("Content-Length", "5")], b"hello")
    yield Case("Request lines", "one behind a body", "405 200", body + request(), answers=2)
    groups = {
        "Request lines": _lines,
        "Header fields": _fields,
        "Bodies": _bodies,
        "Sizes": _sizes,
        "Not HTTP": _strangers,
    }
    for group, tell in groups.items():
        for name, expected, sent in tell():
            yield Case(group, name, expected, sent)


def _lines() -> Told:
    yield "as it should be", "200", request()
    yield "HTTP/1.0", "200", request("GET /livez HTTP/1.0", [])
    yield "no Host", "400", request(headers=[])
    yield "an empty line before", "200", b"\r\n" + request()
    yield "an absolute address", "200", request(f"GET http://127.0.0.1:{PORT}/livez HTTP/1.1")
    yield "a query of nonsense", "200", request("GET /livez?%zz&=&%00 HTTP/1.1")
    yield "unknown method", "400", request("FETCH /livez HTTP/1.1")
    yield "TRACE", "405", request("TRACE /livez HTTP/1.1")
    yield "CONNECT", "404", request(f"CONNECT 127.0.0.1:{PORT} HTTP/1.1")
    yield "two spaces", "200", request("GET  /livez HTTP/1.1")
    for name, start in (
        ("no version", "GET /livez"),
        ("HTTP/1.2.3", "GET /livez HTTP/1.2.3"),
        ("a space in the path", "GET /li vez HTTP/1.1"),
        ("a control character in the path", "GET /liv\x01ez HTTP/1.1"),
    ):
        yield name, "400", request(start)


def _fields() -> Told:
    for name, field in (
        ("a space before the colon", b"X-A : b"),
        ("no colon", b"X-A"),
        ("no name", b": b"),
        ("a space in the name", b"X A: b"),
        ("a line that is folded", b"X-A: b\r\n c"),
        ("NUL in the value", b"X-A: b\0c"),
        ("a carriage return in the value", b"X-A: b\rc"),
        ("a control character in the name", b"X\x01A: b"),
        ("a letter beyond ASCII in the name", b"X-\xc3\xa4: b"),
    ):
        sent = request(headers=[HOST])
        yield name, "400", sent[:-2] + field + b"\r\n\r\n"
    yield "letters beyond ASCII in the value", "200", request(headers=[HOST, ("X-A", "\xe4")])
    for name in ("Host", "Origin", "Authorization"):
        twice = [HOST, (name, "a"), (name, "a")]
        yield f"{name} twice", "400", request(headers=twice)


def _bodies() -> Told:
    both = [HOST, ("Content-Length", "5"), ("Transfer-Encoding", "chunked")]
    yield "length and chunks", "400", request(POST, both, b"0\r\n\r\n")
    lengths = ("+5", "-5", "5, 5", "0x5", "5 5", "five", "99999999999999999999")
    for length in lengths:
        sent = request(POST, [HOST, ("Content-Length", length)], b"hello")
        yield f"Content-Length: {length}", "400", sent
    for second in ("5", "6"):
        fields = [HOST, ("Content-Length", "5"), ("Content-Length", second)]
        yield f"lengths 5 and {second}", "400", request(POST, fields, b"hello")
    for coding in ("identity, chunked, identity", "xchunked", "chunked, chunked", "gzip"):
        fields = [HOST, ("Transfer-Encoding", coding)]
        yield f"Transfer-Encoding: {coding}", "400", request(POST, fields, b"0\r\n\r\n")
    chunked = [HOST, ("Transfer-Encoding", "chunked")]
    yield "chunks", "405", request(POST, chunked, b"5\r\nhello\r\n0\r\n\r\n")
    yield "an expectation", "417", request(POST, [HOST, ("Expect", "help"), _length(0)])
    yield "a body of 10 MB that comes", "405", request(POST, [HOST, _length(10**7)], bytes(10**7))


def _length(count: int) -> tuple[str, str]:
    return ("Content-Length", str(count))


def _sizes() -> Told:
    yield "a path of 4000 bytes", "404", request(f"GET /{'a' * 4000} HTTP/1.1")
    yield "a path of 9000 bytes", "400", request(f"GET /{'a' * 9000} HTTP/1.1")
    yield "a value of 8000 bytes", "200", request(headers=[HOST, ("X-A", "a" * 8000)])
    yield "a value of 9000 bytes", "400", request(headers=[HOST, ("X-A", "a" * 9000)])
    yield "a name of 9000 bytes", "400", request(headers=[HOST, ("X" * 9000, "a")])
    small = [(f"X-{number}", "a") for number in range(100)]
    yield "100 small fields", "200", request(headers=[HOST, *small])
    many = [(f"X-{number}", "a") for number in range(1000)]
    yield "1000 small fields", "400", request(headers=[HOST, *many])
    large = [(f"X-{number}", "a" * 8000) for number in range(200)]
    yield "200 fields of 8000 bytes", "431", request(headers=[HOST, *large])
    yield "5 fields of 8000 bytes", "431", request(headers=[HOST, *large[:5]])


def _strangers() -> Told:
    yield "a TLS greeting", "400", bytes.fromhex("16030100c8010000c40303") + bytes(194)
    yield "HTTP/2", "400", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield "SSH", "400", b"SSH-2.0-OpenSSH_9.2\r\n"
    yield "binary", "400", bytes(range(256))
