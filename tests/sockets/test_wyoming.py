"""Home Assistant's calls, in its order, with the real `wyoming` client against the real server."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript, TranscriptChunk, TranscriptStart
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.handle import Handled, HandledChunk
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from audio import Samples
from audio.formats import AudioFormat, Codec
from tests.support.microphone import Microphone
from tests.support.server import ServerProcess
from tests.support.speech import say
from tests.support.understanding import understand
from voice_server.bench.word_error import word_error, words_of

pytestmark = pytest.mark.socket

__all__ = ["understand"]

Understand = Callable[[Samples, int], Awaitable[str]]

RATE = 16_000
QUESTION = "Turn on the kitchen light."


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    options = ("--set", "wyoming.enabled=true", "--set", "wyoming.port=0")
    with ServerProcess(*options) as server:
        yield server


@asynccontextmanager
async def connected(server: ServerProcess) -> AsyncIterator[AsyncTcpClient]:
    async with asyncio.timeout(30), AsyncTcpClient("127.0.0.1", server.ready["wyoming"]) as client:
        yield client


async def received(client: AsyncTcpClient) -> Event:
    event = await client.read_event()
    assert event is not None, "the server closed the connection"
    return event


async def test_what_the_server_can_do(server: ServerProcess) -> None:
    async with connected(server) as client:
        await client.write_event(Describe().event())
        info = Info.from_event(await received(client))
        await client.write_event(Ping("Hi.").event())
        assert Pong.from_event(await received(client)).text == "Hi."
    (asr,), (tts,), (handle,) = info.asr, info.tts, info.handle
    assert asr.models[0].languages == ["en"]
    assert asr.supports_transcript_streaming
    assert "en-us" in [voice.name for voice in tts.voices]
    assert tts.supports_synthesize_streaming
    assert handle.supports_handled_streaming


async def listen(client: AsyncTcpClient, samples: Samples) -> list[Event]:
    """Send speech as Home Assistant does, in real time, and read up to the transcript."""
    await client.write_event(Transcribe(language="en").event())
    await client.write_event(AudioStart(RATE, 2, 1).event())

    async def chunk(data: bytes) -> None:
        await client.write_event(AudioChunk(RATE, 2, 1, data).event())

    microphone = Microphone(chunk, AudioFormat(Codec.PCM_S16LE, RATE), framed=False)
    speaking = asyncio.create_task(microphone.run())
    await microphone.say(samples)
    speaking.cancel()
    await client.write_event(AudioStop().event())
    events = [await received(client)]
    while not Transcript.is_type(events[-1].type):
        events.append(await received(client))
    return events


async def test_listening(server: ServerProcess) -> None:
    speech = await asyncio.to_thread(say, QUESTION, None, RATE)
    async with connected(server) as client:
        *partials, last = await listen(client, speech)
    assert word_error(QUESTION, Transcript.from_event(last).text) <= 0.2
    kinds = [event.type for event in partials]
    assert kinds[0] == TranscriptStart().event().type
    assert any(TranscriptChunk.is_type(kind) for kind in kinds)


async def test_silence_is_an_empty_transcript(server: ServerProcess) -> None:
    async with connected(server) as client:
        *_, last = await listen(client, np.zeros(RATE, np.int16))
    assert Transcript.from_event(last).text == ""


async def spoken(client: AsyncTcpClient, until: str) -> tuple[list[str], Samples, int]:
    """The kinds of events up to one, and the sound of them."""
    kinds: list[str] = []
    sound: list[Samples] = []
    rate = 0
    while not kinds or kinds[-1] != until:
        event = await received(client)
        kinds.append(event.type)
        if AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            sound.append(np.frombuffer(chunk.audio, np.int16))
            rate = chunk.rate
    return kinds, np.concatenate(sound), rate


async def test_speaking(server: ServerProcess, understand: Understand) -> None:
    async with connected(server) as client:
        await client.write_event(Synthesize(QUESTION, SynthesizeVoice(name="en-us")).event())
        kinds, sound, rate = await spoken(client, "audio-stop")
    assert kinds[0] == "audio-start"
    assert word_error(QUESTION, await understand(sound, rate)) <= 0.2


async def test_speaking_piece_by_piece(server: ServerProcess, understand: Understand) -> None:
    async with connected(server) as client:
        await client.write_event(SynthesizeStart(SynthesizeVoice(language="en_US")).event())
        for piece in ("Turn on the ", "kitchen light. What is the ", "weather like today?"):
            await client.write_event(SynthesizeChunk(piece).event())
        copy = f"{QUESTION} What is the weather like today?"
        await client.write_event(Synthesize(copy).event())
        await client.write_event(SynthesizeStop().event())
        stopped = SynthesizeStopped().event().type
        kinds, sound, rate = await spoken(client, stopped)
    assert kinds.count("audio-start") == kinds.count("audio-stop") == 2
    assert word_error(copy, await understand(sound, rate)) <= 0.3


async def answer(server: ServerProcess, text: str, conversation: str) -> tuple[str, list[str]]:
    """What the model says to a line, whole and in pieces; a connection each, as usual."""
    async with connected(server) as client:
        context = {"conversation_id": conversation}
        await client.write_event(Transcript(text, context, "en").event())
        pieces: list[str] = []
        while True:
            event = await received(client)
            if HandledChunk.is_type(event.type):
                pieces.append(HandledChunk.from_event(event).text)
            if Handled.is_type(event.type):
                handled = Handled.from_event(event)
                assert handled.context == context
                return handled.text or "", pieces


async def test_answering(server: ServerProcess) -> None:
    text, pieces = await answer(server, "What is two plus two?", "kitchen")
    assert "four" in words_of(text)
    assert "".join(pieces).strip() == text.strip()
    assert len(pieces) > 1


@pytest.mark.parametrize(
    "bad",
    [
        b"nonsense\n",
        b'{"type":"audio-chunk","payload_length":4294967296}\n',
        b'{"type":"describe","data_length":-1}\n',
        b"[]\n",
        b"x" * 70_000,
    ],
)
async def test_what_is_no_wyoming_ends_the_connection_with_a_reason(
    server: ServerProcess, bad: bytes
) -> None:
    port = server.ready["wyoming"]
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bad)
        header = json.loads(await reader.readline())
        data = json.loads(await reader.readexactly(header["data_length"]))
        assert (header["type"], data["code"]) == ("error", "bad_request")
        assert await reader.read() == b""
        writer.close()
    text, _ = await answer(server, "What is two plus two?", "again")
    assert "four" in words_of(text)


async def test_what_lacks_something_is_told_and_the_connection_lives(server: ServerProcess) -> None:
    async with connected(server) as client:
        await client.write_event(Event("synthesize", {}))
        error = Error.from_event(await received(client))
        assert error.code == "bad_request"
        await client.write_event(AudioStart(RATE, 4, 1).event())
        assert Error.from_event(await received(client)).code == "bad_request"
