"""One session of the generator, without a socket: when it is ready, and why it is not."""

import asyncio

import pytest

from tests.voice_server.bench.load.test_websocket_bytes import UPGRADED, from_server
from voice_server.bench.load.line import Line
from voice_server.bench.load.websocket_bytes import BINARY, CLOSE, TEXT

pytestmark = pytest.mark.pure


def line(*, greets: bool) -> Line:
    return Line((), greets, clock=lambda: 7.0)


async def test_a_server_that_greets_is_ready_when_it_does() -> None:
    one = line(greets=True)
    one.data_received(UPGRADED)
    assert not one.ready.done()
    one.data_received(from_server(TEXT, b"{}") + from_server(BINARY, bytes(640)))
    assert one.ready.done()
    assert one.texts == [(7.0, "{}")]
    assert one.audio == [(7.0, 640)]


async def test_another_is_ready_once_it_is_upgraded() -> None:
    one = line(greets=False)
    one.data_received(UPGRADED)
    assert one.ready.done()
    assert one.refusal == ""


async def test_refusals_are_told_once() -> None:
    one = line(greets=True)
    one.data_received(b"HTTP/1.1 429 Too Many Requests\r\n\r\n")
    one.connection_lost(None)
    assert one.ready.done()
    assert one.refusal == "refused with HTTP 429"


async def test_a_close_has_its_code_and_our_own_end_is_no_failure() -> None:
    one, other = line(greets=True), line(greets=True)
    one.data_received(UPGRADED + from_server(CLOSE, (4029).to_bytes(2, "big")))
    assert one.refusal == "closed with 4029"
    other.close()
    other.connection_lost(None)
    await asyncio.sleep(0)
    assert other.refusal == ""
