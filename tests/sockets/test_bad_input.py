"""Nonsense gets a sentence that says what to do, and the session lives on."""

import asyncio
import json
import struct
from dataclasses import dataclass

import pytest

from tests.support.microphone import SILENCE, frame, silence
from tests.support.server import ServerProcess
from tests.support.speech import say
from tests.support.voice_client import VoiceClient, connected, hello

pytestmark = pytest.mark.socket

DEEP = "[" * 15_000
HUGE_NUMBER = '{"type":"ping","t":' + "9" * 10_000 + "}"


@dataclass(frozen=True)
class Nonsense:
    """A message, and what it is answered."""

    data: str | bytes
    code: str
    says: str


TEXTS = (
    Nonsense("", "bad_request", "JSON"),
    Nonsense("hello", "bad_request", "JSON"),
    Nonsense("null", "bad_request", "object"),
    Nonsense("[]", "bad_request", "object"),
    Nonsense('{"type":"ping","t":NaN}', "bad_request", "JSON"),
    Nonsense('{"type":"ping","t":1e999}', "bad_request", ""),
    Nonsense(DEEP, "bad_request", ""),
    Nonsense('{"type":"ping","t":' + DEEP, "bad_request", ""),
    Nonsense(HUGE_NUMBER, "bad_request", ""),
    Nonsense("{}", "bad_request", "type"),
    Nonsense('{"type":7}', "unknown_type", "type"),
    Nonsense('{"type":"dance"}', "unknown_type", "dance"),
    Nonsense('{"type":"text"}', "bad_request", "text"),
    Nonsense('{"type":"text","text":" "}', "bad_request", "nothing"),
    Nonsense('{"type":"text","text":7}', "bad_request", "text"),
    Nonsense('{"type":"text","text":"' + "a" * 20_000 + '"}', "too_large", "16384"),
    Nonsense('{"type":"text","text":"half an emoji: \\ud83d"}', "bad_request", "JSON"),
    Nonsense('{"type":"playback","stream":-1,"pos":0}', "bad_request", "stream"),
    Nonsense('{"type":"playback","stream":1,"pos":1e30}', "bad_request", "pos"),
    Nonsense('{"type":"cancel","response":"the first"}', "bad_request", "resp_7"),
    Nonsense('{"type":"hello"}', "bad_request", "config.update"),
    Nonsense('{"type":"audio.commit"}', "bad_request", ""),
    Nonsense('{"type":"say","text":"Hi.","voice":"nobody"}', "bad_request", "voice"),
    Nonsense('{"type":"config.update","config":{"speed":1e6}}', "bad_request", "speed"),
    Nonsense('{"type":"config.update","config":{"turn":{"__proto__":1}}}', "bad_request", "turn"),
)

FRAMES = (
    Nonsense(b"", "bad_frame", "16 bytes"),
    Nonsense(b"short", "bad_frame", "16 bytes"),
    Nonsense(bytes(16), "bad_frame", "version"),
    Nonsense(b"\x13" + bytes(15), "bad_frame", "kind"),
    Nonsense(b"\x12" + bytes(15), "bad_frame", "kind 1"),
    Nonsense(b"\x11\xff" + bytes(14), "bad_frame", "flags"),
    Nonsense(frame(0, b"odd"), "bad_audio", "2 bytes"),
    Nonsense(frame(0, b"xyz", flags=SILENCE), "bad_frame", "4 bytes"),
)


async def test_nonsense_is_explained_and_a_turn_works_after_it(scripted: ServerProcess) -> None:
    async with connected(scripted.url, hello(framing="framed")) as client:
        for nonsense in (*TEXTS, *FRAMES):
            await send(client, nonsense.data)
            error = await client.wait_for("error")
            assert error["code"] == nonsense.code, nonsense
            assert nonsense.says in error["message"], (nonsense, error)
            assert not error["fatal"], nonsense
            await client.send("ping")
            await client.wait_for("pong")
        await take_a_turn(client)


async def send(client: VoiceClient, data: str | bytes) -> None:
    if isinstance(data, str):
        await client.socket.send_str(data)
    else:
        await client.socket.send_bytes(data)


async def take_a_turn(client: VoiceClient) -> None:
    """The whole loop, in framed mode."""
    speech = await asyncio.to_thread(say, "What time is it?")
    await client.socket.send_bytes(frame(0, speech[:30_000].tobytes()))
    await client.socket.send_bytes(frame(30_000, speech[30_000:].tobytes()))
    await client.socket.send_bytes(silence(speech.size, 16_000))
    final = await client.wait_for("transcript.final")
    done = await client.wait_for("response.done")
    assert final["text"] == "Tell me a story."
    assert done["status"] == "completed"


HARMLESS = (
    '{"type":"ping","unknown":[1,2,3]}',
    '{"type":"ping","t":1,"t":2}',
    '{"type":"ping","__proto__":{"admin":true}}',
    '{"type":"cancel"}',
    '{"type":"playback","stream":9,"pos":12345}',
    frame(0, b""),
    frame(0, struct.pack("<I", 0), flags=SILENCE),
)
"""Odd, but nothing to complain about."""


async def test_oddities_pass_without_complaint(scripted: ServerProcess) -> None:
    async with connected(scripted.url, hello(framing="framed")) as client:
        for message in HARMLESS:
            await send(client, message)
        await take_a_turn(client)
    assert client.events("error") == []


async def test_unspeakable_text_is_a_reply_without_sound(server: ServerProcess) -> None:
    async with connected(server.url, hello(mode="tts")) as client:
        for text in ("😀🎉", "… — !", "```"):
            await client.send("say", text=text)
            done = await client.wait_for("response.done")
            assert done["status"] == "completed", text
        await client.send("say", text="Привет, 你好, مرحبا, γειά.")
        await client.wait_for("audio")
    assert client.events("error") == []
    assert {event["stream"] for event in client.events("audio")} == {4}


async def test_a_raw_session_takes_empty_and_odd_messages(scripted: ServerProcess) -> None:
    speech = await asyncio.to_thread(say, "What time is it?", trail_ms=1500)
    async with connected(scripted.url) as client:
        await client.socket.send_bytes(b"")
        await client.socket.send_bytes(b"\0")
        await client.socket.send_bytes(b"")
        await client.socket.send_bytes(b"\0" + speech[:30_000].tobytes())
        await client.socket.send_bytes(speech[30_000:].tobytes())
        await client.wait_for("transcript.final")
    assert client.events("error") == []


BROKEN_HELLOS = {
    '{"type":"hello","protocol":2}': "bad_request",
    '{"type":"hello","mode":"karaoke"}': "bad_request",
    '{"type":"hello","audio":{"framing":"gilded"}}': "bad_request",
    '{"type":"hello","audio":{"input":{"rate":4000}}}': "unsupported_format",
    '{"type":"hello","audio":{"input":{"rate":96000}}}': "unsupported_format",
    '{"type":"hello","audio":{"input":{"codec":"mp3"}}}': "unsupported_format",
    '{"type":"hello","audio":{"input":{"codec":"pcmu","rate":16000}}}': "unsupported_format",
    '{"type":"hello","audio":{"input":{"channels":6}}}': "unsupported_format",
    '{"type":"hello","audio":{"output":{"rates":[4000,96000]}}}': "unsupported_format",
    '{"type":"hello","audio":{"output":{"codec":"mp3"}}}': "unsupported_format",
}


async def test_a_session_that_cannot_be_opened_is_refused(scripted: ServerProcess) -> None:
    for message, code in BROKEN_HELLOS.items():
        async with connected(scripted.url, greet=False) as client:
            await client.socket.send_str(message)
            error = await client.wait_for("error")
            assert await client.closed() == 4500, message
        assert (error["code"], error["fatal"]) == (code, True), message


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("rate=4000", "unsupported_format"),
        ("rate=fast", "bad_request"),
        ("codec=opus", "unsupported_format"),
        ("mode=karaoke", "bad_request"),
        ("framing=none", "bad_request"),
        ("channels=5", "unsupported_format"),
        ("out_rate=1", "unsupported_format"),
    ],
)
async def test_an_address_that_asks_the_impossible_is_refused(
    scripted: ServerProcess, query: str, code: str
) -> None:
    async with connected(scripted.url, path=f"v1/voice?{query}", greet=False) as client:
        error = await client.wait_for("error")
        assert await client.closed() == 4500
    assert (error["code"], error["fatal"]) == (code, True)


async def test_a_broken_hello_may_be_sent_again(scripted: ServerProcess) -> None:
    async with connected(scripted.url, greet=False) as client:
        for message in ("hello", '{"type":"hello","features":7}', '{"type":"text","text":"a"}'):
            await client.socket.send_str(message)
            error = await client.wait_for("error")
            assert not error["fatal"]
        await client.socket.send_str(json.dumps(hello(framing="framed")))
        await client.wait_for("ready")
        await take_a_turn(client)


async def test_twenty_bad_messages_in_a_row_are_enough(scripted: ServerProcess) -> None:
    async with connected(scripted.url) as client:
        for _ in range(19):
            await client.socket.send_str("?")
        await client.send("ping")
        await client.wait_for("pong")
        for _ in range(20):
            await client.socket.send_str("?")
        assert await client.closed() == 4500
    *before, last = client.events("error")
    assert last["fatal"]
    assert last["code"] == "bad_request"
    assert len(before) >= 19
    assert not any(error["fatal"] for error in before)


@pytest.mark.parametrize("greet", [True, False])
async def test_a_message_beyond_the_limit_closes_the_connection(
    scripted: ServerProcess, greet: bool
) -> None:
    async with connected(scripted.url, greet=greet) as client:
        await client.socket.send_bytes(bytes(64 * 1024 + 17))
        assert await client.closed() == 1009


async def test_the_largest_frame_is_taken(scripted: ServerProcess) -> None:
    async with connected(scripted.url, hello(framing="framed")) as client:
        await client.socket.send_bytes(frame(0, bytes(64 * 1024)))
        await client.socket.send_bytes(frame(32 * 1024, bytes(32 * 1024)))
        await client.wait_for("flow", lambda flow: flow["acked_pos"] > 32 * 1024)
    assert client.events("error") == []
