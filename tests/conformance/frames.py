"""What a client may and may not send once it has a WebSocket (RFC 6455, 5 to 8)."""

from collections.abc import Iterator

from tests.support.probe import Case
from tests.support.raw_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close,
    fragments,
    frame,
)

MESSAGE_BYTES_MAX = 65_552

Told = Iterator[tuple[str, str, bytes]]
"""Name, what should come of it, and the frames."""


def frame_cases() -> Iterator[Case]:
    """All of them."""
    unmasked = frame(TEXT, b"{}", mask=None)
    yield Case("Masks (5.1)", "unmasked, one byte at a time", "1002", frames=unmasked, slices=1)
    groups = {
        "Masks (5.1)": _masks,
        "Headers (5.2)": _headers,
        "Lengths (5.2)": _lengths,
        "Fragments (5.4)": _fragments,
        "Control frames (5.5)": _control_frames,
        "Closing (7)": _closing,
        "Text (8.1)": _texts,
    }
    for group, tell in groups.items():
        for name, expected, frames in tell():
            yield Case(group, name, expected, frames=frames)


def _masks() -> Told:
    for name, opcode in (("text", TEXT), ("binary", BINARY), ("ping", PING), ("pong", PONG)):
        yield f"unmasked {name}", "1002", frame(opcode, b"{}", mask=None)
    yield "unmasked close", "1002", frame(CLOSE, b"\x03\xe8", mask=None)
    yield "unmasked and empty", "1002", frame(TEXT, mask=None)
    begun = frame(TEXT, b"{", fin=False)
    yield "unmasked end of a message", "1002", begun + frame(CONTINUATION, b"}", mask=None)
    yield "unmasked behind a masked one", "1002", frame(TEXT, b"{}") + frame(TEXT, b"{}", mask=None)
    yield "a mask of zeros", "alive", frame(TEXT, b"{}", mask=bytes(4))


def _headers() -> Told:
    yield "text", "alive", frame(TEXT, b"{}")
    yield "binary", "alive", frame(BINARY, bytes(640))
    yield "empty text", "alive", frame(TEXT)
    yield "empty binary", "alive", frame(BINARY)
    for reserved in (1, 2, 4, 7):
        yield f"reserved bits {reserved:03b}", "1002", frame(TEXT, b"{}", reserved=reserved)
    for opcode in (CONTINUATION, PING, CLOSE):
        begun = frame(TEXT, b"{", fin=False) if opcode == CONTINUATION else b""
        name = f"a reserved bit with opcode {opcode:x}"
        yield name, "1002", begun + frame(opcode, b"", reserved=4)
    for opcode in (3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF):
        yield f"opcode {opcode:x}", "1002", frame(opcode, b"{}")
    yield "HTTP where frames should be", "1002", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def _lengths() -> Told:
    yield "2 bytes, in 16 bits", "1002", frame(TEXT, b"{}", form=16)
    yield "125 bytes, in 16 bits", "1002", frame(BINARY, bytes(125), form=16)
    yield "2 bytes, in 64 bits", "1002", frame(TEXT, b"{}", form=64)
    yield "65535 bytes, in 64 bits", "1002", frame(BINARY, bytes(65_535), form=64)
    yield "126 bytes", "alive", frame(BINARY, bytes(126))
    yield "65535 bytes", "alive", frame(BINARY, bytes(65_535))
    yield "the most that is allowed", "alive", frame(BINARY, bytes(MESSAGE_BYTES_MAX))
    yield "one byte more than that", "1009", frame(BINARY, bytes(MESSAGE_BYTES_MAX + 1))
    for name, announced in (
        ("4 GiB announced", 1 << 32),
        ("2^62 bytes announced", 1 << 62),
        ("2^63 bytes announced", 1 << 63),
        ("2^64 - 1 bytes announced", (1 << 64) - 1),
    ):
        yield name, "1009", frame(BINARY, announced=announced, form=64)
    begun = frame(BINARY, bytes(60_000), fin=False)
    yield "two fragments, together too long", "1009", begun + frame(CONTINUATION, bytes(6000))


def _fragments() -> Told:
    yield "two fragments", "alive", fragments(TEXT, b"{", b"}")
    yield "empty fragments", "alive", fragments(TEXT, b"", b"{}", b"")
    yield "nothing in three fragments", "alive", fragments(BINARY, b"", b"", b"")
    yield "a thousand fragments", "alive", fragments(BINARY, *[b"\0"] * 1000)
    yield "two thousand fragments", "1009", fragments(BINARY, *[b"\0"] * 2000)
    yield "endless empty fragments", "1009", fragments(BINARY, *[b""] * 50_000)
    yield "an end without a beginning", "1002", frame(CONTINUATION, b"}")
    yield "a middle without a beginning", "1002", frame(CONTINUATION, b"}", fin=False)
    yield "an end after the end", "1002", fragments(TEXT, b"{", b"}") + frame(CONTINUATION, b"}")
    for name, opcode in (("text", TEXT), ("binary", BINARY)):
        begun = frame(opcode, b"{", fin=False)
        yield f"a text within a {name}", "1002", begun + frame(TEXT, b"{}")
        yield f"a new message within a {name}", "1002", begun + frame(TEXT, b"{", fin=False)
    begun = frame(TEXT, b"", fin=False)
    yield "a text within an empty text", "1002", begun + frame(TEXT, b"{}")
    for name, opcode in (("ping", PING), ("pong", PONG)):
        split = frame(TEXT, b"{", fin=False) + frame(opcode) + frame(CONTINUATION, b"}")
        yield f"a {name} between fragments", "alive", split
    yield "a close between fragments", "1000", frame(TEXT, b"{", fin=False) + close(1000)


def _control_frames() -> Told:
    yield "ping", "alive", frame(PING, b"hello")
    yield "ping of 125 bytes", "alive", frame(PING, bytes(125))
    yield "unasked pong", "alive", frame(PONG, b"hello")
    for name, opcode in (("ping", PING), ("pong", PONG), ("close", CLOSE)):
        yield f"{name} of 126 bytes", "1002", frame(opcode, b"\x03\xe8" + b"a" * 124)
        yield f"{name} of 65536 bytes", "1002", frame(opcode, b"\x03\xe8" + b"a" * 65_534)
        yield f"unfinished {name}", "1002", frame(opcode, fin=False)
    yield "50 pings at once", "alive", frame(PING, b"x") * 50
    yield "1000 pings at once", "4029", frame(PING, b"x") * 1000
    yield "1000 pongs at once", "4029", frame(PONG) * 1000
    yield "20000 pings of 125 bytes", "4029", frame(PING, bytes(125)) * 20_000


def _closing() -> Told:
    yield "without a code", "1000", close()
    for code in (1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999):
        yield f"code {code}", "1000", close(code)
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535):
        yield f"code {code}", "1002", close(code)
    yield "half a code", "1002", frame(CLOSE, b"\x03")
    yield "a reason of 123 bytes", "1000", close(1000, b"a" * 123)
    yield "a reason of 124 bytes", "1002", close(1000, b"a" * 124)
    yield "a reason that is no text", "1007", close(1000, b"\xff")
    yield "a text after the close", "1000", close(1000) + frame(TEXT, b"{}")
    yield "two closes", "1000", close(1000) * 2


def _texts() -> Told:
    yield "accents, ideograms, an emoji", "alive", frame(TEXT, "áλ你😀".encode())
    yield "an emoji cut in two", "alive", fragments(TEXT, b"\xf0\x9f", b"\x98\x80")
    yield "U+0000 and U+10FFFF", "alive", frame(TEXT, "\0\U0010ffff".encode())
    for name, text in (
        ("a byte that never occurs", b"\xff"),
        ("a lone continuation byte", b"a\x80"),
        ("an overlong slash", b"\xc0\xaf"),
        ("a surrogate", b"\xed\xa0\x80"),
        ("beyond U+10FFFF", b"\xf4\x90\x80\x80"),
        ("the first half of an emoji", b"\xf0\x9f"),
    ):
        yield name, "1007", frame(TEXT, text)
    yield "nonsense in the second fragment", "1007", fragments(TEXT, b"{", b"\xff")
    yield "binary may be anything", "alive", frame(BINARY, b"\xff\xfe")
