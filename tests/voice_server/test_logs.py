"""Logs: readable, machine-readable, and without a secret in them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from aiohttp.http_exceptions import BadStatusLine
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logging_state import logging_kept
from voice_server import logs
from voice_server.logs import LogFormat, hide_secrets

pytestmark = pytest.mark.pure

SECRET = "x7Qp-do_not.show~me"


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    with logging_kept():
        yield


def written(message: str, *args: object, format: LogFormat = "text", **extra: object) -> str:
    """What a record looks like on stderr."""
    stream = io.StringIO()
    logs.configure("debug", format, stream)
    logging.getLogger("voice_server.test").info(message, *args, extra=extra)
    return stream.getvalue()


def test_text_is_one_line_with_the_fields_behind() -> None:
    line = written("Session %s began.", 7, ip="10.0.0.1", turns=3)
    assert line.endswith("INFO    voice_server.test: Session 7 began.  ip=10.0.0.1  turns=3\n")


def test_json_is_one_object_per_line() -> None:
    entry = json.loads(written("Session %s began.", 7, format="json", turns=3))
    assert entry["message"] == "Session 7 began."
    assert (entry["level"], entry["logger"], entry["turns"]) == ("info", "voice_server.test", 3)
    assert entry["time"].endswith("+00:00")


def failed_with(error: Exception, format: LogFormat, logger: str = "voice_server.test") -> str:
    """What is written about an exception."""
    stream = io.StringIO()
    logs.configure("debug", format, stream)
    try:
        raise error
    except type(error):
        logging.getLogger(logger).exception("It failed.")
    return stream.getvalue()


@pytest.mark.parametrize("format", ["text", "json"])
def test_exceptions_say_what_and_where_but_quote_nobody(format: LogFormat) -> None:
    line = failed_with(ValueError(f"could not digest {SECRET}"), format)
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "digest" not in line


def test_errors_of_the_system_are_named() -> None:
    line = failed_with(OSError(28, "No space left on device", "/home/somebody"), "text")
    assert line.endswith("OSError: No space left on device\n")


def test_requests_that_cannot_be_parsed_are_not_shown() -> None:
    error = BadStatusLine(f"GET /{SECRET}")
    assert failed_with(error, "text", "aiohttp.server") == ""


def test_asyncio_shows_no_results() -> None:
    stream = io.StringIO()
    logs.configure("info", "text", stream)
    logging.getLogger("asyncio").error("Task was lost\nfuture: <Task result=%r>", SECRET)
    assert "Task was lost" in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_the_level_is_kept() -> None:
    stream = io.StringIO()
    logs.configure("warning", "text", stream)
    logging.getLogger("voice_server.test").info("quiet")
    logging.getLogger("voice_server.test").warning("loud")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()


@pytest.mark.parametrize(
    "message",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization: bearer {SECRET}, accept: */*",
        f"{{'Authorization': 'Bearer {SECRET}'}}",
        f"GET /v1/realtime?api-key={SECRET}&model=x",
        f"GET /v1/voice?token={SECRET} HTTP/1.1",
        f"offered ('realtime', 'openai-insecure-api-key.{SECRET}')",
        f"offered ['voice.v1', 'token.{SECRET}']",
        f"api-key: {SECRET}",
    ],
)
def test_no_secret_is_written(message: str) -> None:
    assert SECRET not in written(message)
    assert SECRET not in written("%s", message, format="json")
    assert "[hidden]" in written(message)


def test_what_is_no_secret_stays() -> None:
    message = "The first token. Then 3 tokens=4 more; realtime, voice.v1"
    assert message in written(message)


def test_aiohttps_list_of_subprotocols_is_dropped() -> None:
    stream = io.StringIO()
    logs.configure("info", "text", stream)
    logging.getLogger("aiohttp.websocket").warning(
        "%s: Client protocols %r don't overlap", "10.0.0.1", ["my." + SECRET]
    )
    assert SECRET not in stream.getvalue()
    assert "no subprotocol" in stream.getvalue()


def test_there_is_no_access_log() -> None:
    logs.configure("info", "text", io.StringIO())
    assert not logging.getLogger("aiohttp.access").isEnabledFor(logging.INFO)


def test_exceptions_and_fields_are_searched_for_secrets_too() -> None:
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    try:
        raise ValueError(f"Bearer {SECRET}")
    except ValueError:
        logging.getLogger("x").exception("It failed.", extra={"path": f"/ws?token={SECRET}"})
    assert SECRET not in stream.getvalue()
    assert json.loads(stream.getvalue())["message"] == "It failed."


@given(st.text())
def test_any_line_stays_one_object_in_json(message: str) -> None:
    line = written("%s", message, format="json")
    assert line.count("\n") == 1
    assert set(json.loads(line)) == {"time", "level", "logger", "message"}


@pytest.mark.parametrize("prefix", ["ek_", "tk_", "vs_", "ticket.", "?ticket="])
def test_credentials_are_known_by_how_they_begin(prefix: str) -> None:
    shown = hide_secrets(f"refused {prefix}{'x7Qp-' * 9} today")
    assert "x7Qp" not in shown
    assert shown.endswith(" today")
    assert hide_secrets("the vs_ prefix and ek_") == "the vs_ prefix and ek_"


@given(st.text())
def test_hiding_twice_is_hiding_once(line: str) -> None:
    assert hide_secrets(hide_secrets(line)) == hide_secrets(line)
