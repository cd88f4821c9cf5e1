"""Nobody keeps a place for nothing, and nobody's troubles are another's."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.microphone import frame
from tests.support.raw_socket import BINARY, FIN, RSV1, TEXT, RawSocket, raw_socket
from tests.support.scrape import scrape, scrape_until
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.speech import say
from tests.support.voice_client import connected, hello

pytestmark = pytest.mark.socket

SESSIONS = "voice_server_sessions"
AUDIO_RATE = 'voice_server_limit_hits_total{limit="audio_rate"}'
CONTROL_RATE = 'voice_server_limit_hits_total{limit="control_rate"}'


@pytest.fixture(scope="module")
def strict() -> Iterator[ServerProcess]:
    """A server with little patience."""
    settings = {
        "limits.hello_timeout_s": "2",
        "limits.idle_timeout_s": "3",
        "limits.idle_warning_s": "2",
        "limits.session_s_max": "5",
        "limits.session_warning_s": "3",
        "limits.send_timeout_s": "1",
    }
    options = (word for item in settings.items() for word in ("--set", "=".join(item)))
    with ServerProcess(*SCRIPTED, *options) as server:
        yield server


async def test_whoever_never_says_hello_is_sent_away(strict: ServerProcess) -> None:
    async with connected(strict.url, greet=False) as client:
        error = await client.wait_for("error")
        assert await client.closed() == 4008
    assert (error["code"], error["fatal"]) == ("hello_timeout", True)


async def test_nonsense_does_not_buy_time_for_a_hello(strict: ServerProcess) -> None:
    async with connected(strict.url, greet=False) as client:
        await client.socket.send_str('{"type":"ping"}')
        assert await client.closed() == 4008
    assert [error["code"] for error in client.events("error")] == ["bad_request", "hello_timeout"]


async def test_an_idle_session_is_warned_and_then_ended(strict: ServerProcess) -> None:
    """R-16, P15."""
    async with connected(strict.url) as client:
        notice = await client.wait_for("notice")
        error = await client.wait_for("error")
        assert await client.closed() == 4008
    assert notice["code"] == "idle_soon"
    assert 1 <= notice["in_s"] <= 2
    assert (error["code"], error["fatal"]) == ("idle_timeout", True)


async def test_no_session_lasts_for_ever(strict: ServerProcess) -> None:
    """R-16, P15."""
    async with connected(strict.url, listening=True) as client:
        notice = await client.wait_for("notice")
        error = await client.wait_for("error")
        assert await client.closed() == 4029
    assert notice["code"] == "session_ends"
    assert 1 <= notice["in_s"] <= 3, "of what is left when it is sent, which a busy machine delays"
    assert error["code"] == "max_session"


# Clients that vanish -------------------------------------------------------------------------


async def begin_speaking(socket: RawSocket) -> None:
    speech = await asyncio.to_thread(say, "What time is it?")
    await socket.send(BINARY, frame(0, speech[:16_000].tobytes()))
    await socket.wait_for("speech.started")


async def begin_a_reply(socket: RawSocket) -> None:
    await socket.send_json(type="text", text="Hello.")
    await socket.wait_for("response.started")


async def stop_speaking(socket: RawSocket) -> None:
    await begin_speaking(socket)
    await socket.send_json(type="audio.mute")
    await socket.wait_for("speech.stopped")


async def hear_a_reply(socket: RawSocket) -> None:
    await begin_a_reply(socket)
    await socket.wait_for("audio.started")


async def speak_over_a_reply(socket: RawSocket) -> None:
    await hear_a_reply(socket)
    await begin_speaking(socket)


async def do_nothing(socket: RawSocket) -> None:
    """Just be there."""


STATES = (
    do_nothing,
    begin_speaking,
    stop_speaking,
    begin_a_reply,
    hear_a_reply,
    speak_over_a_reply,
)


async def test_a_client_may_vanish_in_any_state(scripted: ServerProcess) -> None:
    async with raw_socket(scripted.port) as socket:
        socket.vanish()
    for reach in STATES:
        async with raw_socket(scripted.port) as socket:
            await socket.send_json(**hello(framing="framed"))
            await socket.wait_for("ready")
            await reach(socket)
            assert (await scrape(scripted.url))[SESSIONS] == 1, reach
            socket.vanish()
        await scrape_until(scripted.url, lambda counted: counted[SESSIONS] == 0)


async def test_a_client_may_leave_in_the_middle_of_a_reply(scripted: ServerProcess) -> None:
    async with connected(scripted.url) as client:
        await client.send("text", text="Hello.")
        await client.wait_for("audio.started")
        await client.send("bye")
        assert await client.closed() == 1000
    await scrape_until(scripted.url, lambda counted: counted[SESSIONS] == 0)


# Frames that no library sends ----------------------------------------------------------------


async def test_compressed_frames_are_refused_as_nothing_was_negotiated(
    scripted: ServerProcess,
) -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate"}
    async with raw_socket(scripted.port, **offer) as socket:
        await socket.send(TEXT, b"{}", flags=FIN | RSV1)
        assert await socket.close_code() == 1002


async def test_a_thousand_crumbs_are_one_message(scripted: ServerProcess) -> None:
    hello_in_crumbs = b'{"type":"hello"}'.ljust(1000)
    async with raw_socket(scripted.port) as socket:
        await socket.send(TEXT, hello_in_crumbs[:1], flags=0)
        for crumb in hello_in_crumbs[1:-1]:
            await socket.send(0, bytes([crumb]), flags=0)
        await socket.send(0, hello_in_crumbs[-1:])
        await socket.wait_for("ready")


async def test_endless_crumbs_are_not(scripted: ServerProcess) -> None:
    async with raw_socket(scripted.port) as socket:
        await socket.send(BINARY, b"", flags=0)
        with pytest.raises(ConnectionError):
            for _ in range(200_000):
                await socket.send(0, b"\0", flags=0)
    async with connected(scripted.url) as client:
        await client.send("ping")
        await client.wait_for("pong")


async def test_text_that_is_no_text_ends_the_connection(scripted: ServerProcess) -> None:
    async with raw_socket(scripted.port) as socket:
        await socket.send(TEXT, b"\xff\xfe{}")
        assert await socket.close_code() == 1007


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-WebSocket-Version": "6"},
        {"Sec-WebSocket-Key": "too short"},
        {"Upgrade": "h2c"},
        {"Connection": "close"},
    ],
)
async def test_a_wrong_upgrade_is_an_ordinary_error(
    scripted: ServerProcess, headers: dict[str, str]
) -> None:
    with pytest.raises(ConnectionError, match=r"400|426"):
        async with raw_socket(scripted.port, **headers):
            pass


# Those who are too fast ----------------------------------------------------------------------


async def test_a_flood_of_messages_is_slowed_and_nobody_else_notices(
    scripted: ServerProcess,
) -> None:
    """S-15: 120 messages may come at once, then 60 per second."""
    before = await scrape(scripted.url)
    async with connected(scripted.url) as flood, connected(scripted.url) as other:
        for number in range(180):
            await flood.send("ping", t=number)
        await other.send("text", text="Hello.")
        done = await other.wait_for("response.done")
        await flood.wait_for("pong", lambda pong: bool(pong["t"] == 179))
    after = await scrape(scripted.url)
    assert done["status"] == "completed"
    assert [pong["t"] for pong in flood.events("pong")] == list(range(180))
    assert after[CONTROL_RATE] > before.get(CONTROL_RATE, 0)


async def test_a_file_is_read_at_once_up_to_a_minute_and_then_slower(
    scripted: ServerProcess,
) -> None:
    """R-11: nothing of it is lost."""
    before = await scrape(scripted.url)
    second = bytes(32_000)
    async with connected(scripted.url, hello(mode="transcription")) as client:
        for _ in range(61):
            await client.socket.send_bytes(second)
        await client.wait_for("flow", lambda flow: bool(flow["acked_pos"] >= 61 * 16_000))
    after = await scrape(scripted.url)
    assert after[AUDIO_RATE] > before.get(AUDIO_RATE, 0)


async def test_the_first_event_is_always_ready(scripted: ServerProcess) -> None:
    """However quickly the client asks for something."""

    async def first() -> tuple[str, int]:
        async with connected(scripted.url, greet=False) as client:
            await client.socket.send_json(hello())
            await client.send("text", text="Hello.")
            await client.wait_for("response.started")
        event = client.log[0].event
        return event["type"], event["sn"]

    assert await asyncio.gather(*(first() for _ in range(18))) == [("ready", 1)] * 18
