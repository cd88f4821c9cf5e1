"""Logs: to stderr, as text for people or JSON for machines, and never with a secret in them.

Messages are fixed sentences; what varies goes into `extra` fields. Nobody's words are logged
anywhere in the server; this module guards against what libraries would print: keys and tokens, what
a client offered or garbled, and the texts of exceptions, which quote what they could not digest.
"""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TextIO

from aiohttp.http_exceptions import HttpProcessingError

LogFormat = Literal["text", "json"]

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_HIDDEN = "[hidden]"
_SECRETS = re.compile(
    r"(?P<before>bearer[ .:]+|[?&](?:api[-_]?key|token|ticket|key|access_token)=|"
    r"\b(?:openai-insecure-api-key|token|ticket)\.|api-key: |\b(?:ek|tk|vs)_(?=[\w-]{20}))"
    r"[^\s\"'\\&,\])]+",
    re.IGNORECASE,
)


def configure(
    level: str = "info", format: LogFormat = "text", stream: TextIO | None = None
) -> None:
    """Send all logs of the process to stderr (or `stream`), replacing earlier handlers."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter())
    handler.addFilter(quote_nobody)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for noisy in ("httpx", "httpcore", "httpx2", "httpcore2", "huggingface_hub", "faster_whisper"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # The access log would show query strings; the server counts requests instead.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


def quote_nobody(record: logging.LogRecord) -> bool:
    """A logging filter that takes out of libraries' messages what others said.

    aiohttp lists all subprotocols that a client offered if it knows none of them, and a browser can
    send its key in no other place. It also shows requests that it could not parse, at length: they
    are dropped, since anybody can send as many as they like. asyncio shows results and exceptions
    of tasks below the first line.
    """
    if record.name == "aiohttp.websocket":
        record.msg, record.args = "The client offered no subprotocol that we speak.", ()
    elif record.name == "asyncio":
        record.msg, record.args = record.getMessage().partition("\n")[0], ()
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def without_text(raised: Raised) -> str:
    """Where an exception was raised and of what type it is; of the system's errors the meaning."""
    type_, error, places = raised
    if type_ is None:
        return ""
    meaning = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    return "".join(traceback.format_tb(places)) + type_.__qualname__ + meaning


def hide_secrets(line: str) -> str:
    """Replace what follows `Bearer`, `?token=` and their kind."""
    return _SECRETS.sub(rf"\g<before>{_HIDDEN}", line)


class TextFormatter(logging.Formatter):
    """`12:34:56 INFO  voice_server.app: sentence  key=value`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Write the record, and its exception below it."""
        return hide_secrets(super().format(record))

    def formatException(self, ei: Raised) -> str:
        """Write the exception without its text."""
        return without_text(ei)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Append the extra fields."""
        fields = "".join(f"  {key}={plain(value)}" for key, value in extra_fields(record).items())
        return super().formatMessage(record) + fields


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (RFC 3339), level, logger, message and the extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record as one line."""
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extra_fields(record),
        }
        if record.exc_info:
            fields["exception"] = without_text(record.exc_info)
        return hide_secrets(json.dumps(fields, ensure_ascii=False, default=str))


def plain(value: object) -> str:
    """A value on one line: what a client calls itself cannot begin a line of its own."""
    text = str(value)
    return text if text.isprintable() else repr(text)


def extra_fields(record: logging.LogRecord) -> dict[str, object]:
    """What was passed as `extra`."""
    return {key: value for key, value in vars(record).items() if key not in _STANDARD_FIELDS}
