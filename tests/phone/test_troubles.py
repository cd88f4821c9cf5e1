"""What goes wrong in a call: said in the log with the call's name, and only that call ends."""

import asyncio
import json
import struct
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from tests.phone.conftest import AUDIOSOCKET, SCRIPTED
from tests.support.phone.audiosocket_line import audiosocket_call
from tests.support.phone.binary_lines import asterisk_call
from tests.support.phone.line import Line
from tests.support.phone.media_stream import CALL, twilio_call
from tests.support.server import ServerProcess
from tests.support.speech import say

pytestmark = pytest.mark.socket

JSON_LOGS = ("--set", "logs.format=json")

Trouble = Callable[[ServerProcess], Coroutine[Any, Any, None]]


async def to_twilio(server: ServerProcess, *messages: str) -> None:
    """Say this in a call that has begun."""
    async with twilio_call(server.url) as call:
        for message in messages:
            await call.socket.send_str(message)
        await call.until_sounding(40)
        await call.hang_up()


async def a_call_that_never_starts(server: ServerProcess) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{server.url}twilio/media") as one:
        await one.send_json({"event": "connected"})
        async for _ in one:
            pass
        assert one.close_code == 4008


async def nonsense_over_and_over(server: ServerProcess) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{server.url}twilio/media") as one:
        for _ in range(30):
            await one.send_str("nonsense")
        async for _ in one:
            pass
        assert one.close_code == 4500


async def too_long_for_asterisk(server: ServerProcess) -> None:
    async with asterisk_call(server.url) as call:
        await call.socket.send_bytes(bytes(70_000))
        await call.ended.wait()


async def from_audiosocket(server: ServerProcess, frame: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.ready["audiosocket"])
    writer.write(frame)
    received = await reader.read()
    assert received.endswith(b"\x00\x00\x00"), "hung up"
    writer.close()
    await writer.wait_closed()


async def an_error_frame(server: ServerProcess) -> None:
    async with audiosocket_call(server.ready["audiosocket"]) as call:
        await call.until_sounding(40)
        call.send(0xFF, b"\x01")
        await call.ended.wait()


TROUBLES: dict[str, tuple[Trouble, str, str]] = {
    "an unknown event": (
        lambda server: to_twilio(server, '{"event":"hello"}'),
        f"twilio {CALL}",
        "Invalid value 'hello'",
    ),
    "no base64": (
        lambda server: to_twilio(server, '{"event":"media","media":{"payload":"?"}}'),
        f"twilio {CALL}",
        "not Base64",
    ),
    "a second start": (
        lambda server: to_twilio(
            server, json.dumps({"event": "start", "start": {"streamSid": "MZ"}})
        ),
        f"twilio {CALL}",
        "started already",
    ),
    "a call that never starts": (a_call_that_never_starts, "twilio", "Nothing came for"),
    "nonsense over and over": (nonsense_over_and_over, "twilio", "could not be understood"),
    "a uuid of the wrong size": (
        lambda server: from_audiosocket(server, struct.pack(">BH", 1, 4) + b"abcd"),
        "audiosocket",
        "A UUID has 16 bytes, not 4.",
    ),
    "audio before the uuid": (
        lambda server: from_audiosocket(server, struct.pack(">BH", 0x10, 2) + b"ab"),
        "audiosocket",
        "The first frame must be the call's UUID.",
    ),
    "an error frame": (
        an_error_frame,
        "audiosocket 00000000-0000-0000-0000-000000000007",
        "the caller has hung up",
    ),
}


async def test_every_trouble_is_in_the_log_and_disturbs_nobody_else() -> None:
    settings = ("--set", "limits.hello_timeout_s=2", "--set", "phone.greeting=Hello.")
    with ServerProcess(*AUDIOSOCKET, *SCRIPTED, *JSON_LOGS, *settings) as server:
        async with twilio_call(server.url) as bystander:
            async with asyncio.TaskGroup() as tasks:
                for trouble, _, _ in TROUBLES.values():
                    tasks.create_task(trouble(server))
                tasks.create_task(too_long_for_asterisk(server))
            await bystander.press("1")
            await bystander.until_sounding(200)
            await bystander.hang_up()
    lines = [json.loads(line) for line in server.log.splitlines()]
    told = [(line.get("call"), line.get("message", "")) for line in lines]
    missing = {
        name
        for name, (_, call, words) in TROUBLES.items()
        if not any(who == call and words in said for who, said in told)
    }
    assert missing == set()


async def said_goodbye(call: Line) -> None:
    """Two phrases of the server's, with silence before each, and then the end."""
    for _ in range(2):
        await call.until_sounding(100)
        await call.until_over_or(lambda: call.quiet_ms() >= 400)
    await asyncio.wait_for(call.ended.wait(), 20)


async def test_a_caller_who_says_nothing_is_asked_and_then_left_in_each_protocols_way() -> None:
    quiet = ("--set", "phone.silence_s=1", "--set", "tts.scripted.char_ms=20")
    with ServerProcess(*AUDIOSOCKET, *SCRIPTED, *quiet) as server:
        async with (
            twilio_call(server.url) as twilio,
            asterisk_call(server.url) as asterisk,
            audiosocket_call(server.ready["audiosocket"]) as audiosocket,
        ):
            await asyncio.gather(*map(said_goodbye, (twilio, asterisk, audiosocket)))
            assert twilio.closed_with(1000)
            assert asterisk.hung_up
            assert audiosocket.hung_up


async def test_full_queues_are_left_alone(scripted_phone: ServerProcess) -> None:
    """Asterisk says XOFF early here; nothing comes after it until XON."""
    async with asterisk_call(scripted_phone.url) as call:
        call.xoff_level, call.xon_level = 20, 5
        await call.say(await asyncio.to_thread(say, "Tell me a story.", None, 16_000, trail_ms=0))
        await call.until_sounding(900)
        assert call.xoffs
        assert call.late_frames <= call.xoffs * 12
        await call.hang_up()


async def test_keys_stop_an_answer_and_are_answered(scripted_phone: ServerProcess) -> None:
    async with twilio_call(scripted_phone.url) as call:
        await call.press("1")
        await call.press("#")
        await call.until_sounding(200)
        await call.press("5")
        await call.until(lambda: call.cleared == 1)
        await call.until(lambda: call.quiet_ms() >= 300)
        await call.until_sounding(900)
        await call.hang_up()


async def test_the_line_is_not_dead_while_the_language_model_thinks() -> None:
    slow = ("--set", "llm.scripted.first_token_ms=5000", "--set", "phone.filler_ms=600")
    with ServerProcess(*AUDIOSOCKET, *SCRIPTED[:4], *slow) as server:
        async with (
            twilio_call(server.url) as twilio,
            audiosocket_call(server.ready["audiosocket"]) as audiosocket,
        ):
            story = await asyncio.to_thread(say, "Tell me a story.", None, 8000, trail_ms=0)

            async def waits(call: Line) -> None:
                await call.say(story)
                asked_ms = call.heard_ms()
                await call.until_sounding(100)
                assert call.heard_ms() - asked_ms < 2500, "before the answer could be there"
                await call.until(lambda: call.quiet_ms() >= 400)
                await call.until_sounding(600)
                await call.hang_up()

            await asyncio.gather(waits(twilio), waits(audiosocket))


async def test_a_server_that_stops_lets_answers_end_and_hangs_up() -> None:
    greeting = ("--set", "phone.greeting=Hello, this is the workshop.")
    with ServerProcess(*AUDIOSOCKET, *SCRIPTED, *greeting) as server:
        async with (
            twilio_call(server.url) as twilio,
            asterisk_call(server.url) as asterisk,
            audiosocket_call(server.ready["audiosocket"]) as audiosocket,
        ):
            await asyncio.gather(*(c.until_sounding(40) for c in (twilio, asterisk, audiosocket)))
            status = await asyncio.to_thread(server.stop)
            await asyncio.wait_for(twilio.ended.wait(), 20)
            assert twilio.closed_with(1001)
            assert asterisk.hung_up
            assert audiosocket.hung_up
            assert all(c.sounding_ms() > 1000 for c in (twilio, asterisk, audiosocket)), (
                "to its end"
            )
    assert status == 0
