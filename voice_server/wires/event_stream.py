"""Server-sent events, the writing side: what OpenAI's streaming endpoints answer with. Pure.

One event is one line of JSON; `DONE` follows the last one. A comment keeps a connection alive and
is skipped by every client (WHATWG HTML, "Server-sent events").
"""

from collections.abc import Mapping

import msgspec

CONTENT_TYPE = "text/event-stream"

DONE = b"data: [DONE]\n\n"


def event(payload: Mapping[str, object]) -> bytes:
    """One event. JSON has no line ends, so it needs no splitting."""
    return b"data: " + msgspec.json.encode(payload) + b"\n\n"


def comment(text: str) -> bytes:
    """One line that nobody acts on; `text` must not contain line ends."""
    return b": " + text.encode() + b"\n\n"
