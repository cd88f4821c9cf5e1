"""One connection to a real server, and to servers that do not keep to the protocol."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.greeting import READY
from tests.support.server import ServerProcess
from voice_server.client.connection import EARLY_MAX, FRAME_BYTES_MAX, Connection
from voice_server.client.errors import ConnectionLost, ConnectionRefused, ProtocolError
from voice_server.client.events import Audio, Error, Ready
from voice_server.client.opening import CallOptions, hello, voice_url
from voice_server.wires.frames import Flags, Frame, Kind, unpack

pytestmark = pytest.mark.socket

Script = Callable[[web.WebSocketResponse], Awaitable[None]]
HELLO = hello(CallOptions(), {})


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def opened(http: aiohttp.ClientSession, script: Script) -> tuple[TestServer, Connection]:
    """A connection to a server that follows a script once it was greeted."""

    async def upgrade(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("voice.v1",))
        await socket.prepare(request)
        await socket.receive()
        await script(socket)
        await socket.close(code=4050)
        return socket

    app = web.Application()
    app.router.add_get("/v1/voice", upgrade)
    server = TestServer(app)
    await server.start_server()
    try:
        connection = await Connection.open(http, str(server.make_url("/v1/voice")), None, HELLO)
    except BaseException:
        await server.close()
        raise
    return server, connection


async def test_it_opens_a_session_and_yields_ready_first(
    http: aiohttp.ClientSession, scripted: ServerProcess
) -> None:
    connection = await Connection.open(http, voice_url(scripted.url), None, HELLO)
    assert connection.ready is not None
    assert connection.ready.audio.output.rate == 24_000
    assert await connection.receive() == connection.ready
    await connection.send({"type": "bye"})
    while await connection.receive():
        pass
    assert connection.ending() is None
    await connection.close()


async def test_what_came_before_ready_is_not_lost(http: aiohttp.ClientSession) -> None:
    async def hesitates(socket: web.WebSocketResponse) -> None:
        await socket.send_json({"type": "error", "code": "bad_request", "message": "No."})
        await socket.send_json(READY)

    server, connection = await opened(http, hesitates)
    assert isinstance(await connection.receive(), Error)
    assert isinstance(await connection.receive(), Ready)
    await connection.close()
    await server.close()


async def test_a_refused_hello_is_explained(
    http: aiohttp.ClientSession, scripted: ServerProcess
) -> None:
    wrong = hello(CallOptions(output_rate=96_000), {})
    with pytest.raises(ProtocolError, match="No output rate of"):
        await Connection.open(http, voice_url(scripted.url), None, wrong)


async def test_somebody_else_at_the_address(
    http: aiohttp.ClientSession, scripted: ServerProcess
) -> None:
    with pytest.raises(ConnectionRefused, match=r"no voice-server at .*404"):
        await Connection.open(http, f"{scripted.url}nothing/here", None, HELLO)
    with pytest.raises(ConnectionRefused, match="Nobody answers at"):
        await Connection.open(http, "ws://127.0.0.1:9/v1/voice", None, HELLO)


async def test_a_server_that_is_never_ready(http: aiohttp.ClientSession) -> None:
    async def chatter(socket: web.WebSocketResponse) -> None:
        for _ in range(EARLY_MAX + 1):
            await socket.send_json({"type": "state", "state": "listening"})

    with pytest.raises(ProtocolError, match="never says that it is ready"):
        await opened(http, chatter)

    async def silent(socket: web.WebSocketResponse) -> None:
        return

    with pytest.raises(ConnectionLost, match="close code 4050"):
        await opened(http, silent)


async def test_audio_both_ways(http: aiohttp.ClientSession) -> None:
    got: list[Frame] = []

    async def echo(socket: web.WebSocketResponse) -> None:
        await socket.send_json(READY)
        for _ in range(3):
            frame = unpack((await socket.receive()).data)
            got.append(frame)
            await socket.send_bytes(
                Frame(Kind.OUTPUT, Flags.END, 5, 1, frame.pos, 0, frame.payload).pack()
            )

    server, connection = await opened(http, echo)
    await connection.receive()
    samples = np.arange(FRAME_BYTES_MAX // 2 + 100, dtype=np.int16)
    await connection.send_audio(samples.tobytes(), 0)
    await connection.send_audio(b"\1\0", len(samples))
    audio = [event for _ in range(3) if isinstance(event := await connection.receive(), Audio)]
    assert [frame.pos for frame in got] == [0, FRAME_BYTES_MAX // 2, len(samples)]
    assert [frame.seq for frame in got] == [0, 1, 2]
    assert np.concatenate([a.samples for a in audio]).tolist() == [*samples, 1]
    assert (audio[0].stream, audio[0].position, audio[0].last) == (5, 0, True)
    assert await connection.receive() is None
    assert isinstance(connection.ending(), ConnectionLost)
    await connection.close()
    await server.close()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"x" * 20,
        Frame(Kind.INPUT, Flags.NONE, 0, 0, 0, 0, b"").pack(),
        Frame(Kind.OUTPUT, Flags.NONE, 0, 0, 0, 0, b"\0").pack(),
        "{",
    ],
)
async def test_nonsense_is_a_protocol_error(
    http: aiohttp.ClientSession, nonsense: bytes | str
) -> None:
    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_str(json.dumps(READY))
        if isinstance(nonsense, str):
            await socket.send_str(nonsense)
        else:
            await socket.send_bytes(nonsense)

    server, connection = await opened(http, talk)
    await connection.receive()
    with pytest.raises(ProtocolError, match="The server sent"):
        await connection.receive()
    await connection.close()
    await server.close()
