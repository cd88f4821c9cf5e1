"""The `openai` package's Realtime clients against the running server: GA, beta, transcription."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
import openai
import pytest

from audio import Samples
from tests.support.microphone import PCM_24K, Microphone
from tests.support.server import ServerProcess
from tests.support.speech import say
from voice_server.bench.word_error import word_error, words_of

pytestmark = pytest.mark.socket

Understand = Callable[[Samples, int], Awaitable[str]]

RATE = 24_000
QUESTION = "Repeat, set an alarm for six o'clock."
ANSWER = "Set an alarm for six o'clock."
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@pytest.fixture
async def client(server: ServerProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    """The beta client would make `wss` of the base URL."""
    sockets = f"{server.url.replace('http', 'ws')}v1"
    async with openai.AsyncOpenAI(
        base_url=f"{server.url}v1", websocket_base_url=sockets, api_key="any"
    ) as client:
        yield client


@pytest.fixture
async def connection(client: openai.AsyncOpenAI) -> AsyncIterator[Any]:
    """Used here once, because the package builds its types when it first needs them."""
    async with client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session={"type": "realtime"})
        yield connection


@pytest.fixture
async def beta(client: openai.AsyncOpenAI) -> AsyncIterator[Any]:
    """The same for the beta."""
    async with client.beta.realtime.connect(model="gpt-4o-realtime-preview") as connection:
        await connection.session.update(session={"voice": "alloy", "instructions": "Be brief."})
        yield connection


async def talk_into(connection: Any, samples: Samples) -> None:
    """Speak in real time, and go on listening until cancelled."""

    async def append(data: bytes) -> None:
        await connection.input_audio_buffer.append(audio=base64.b64encode(data).decode())

    microphone = Microphone(append, PCM_24K, framed=False)
    async with asyncio.TaskGroup() as group:
        group.create_task(microphone.run())
        group.create_task(microphone.say(samples))


async def until(connection: Any, last: str) -> dict[str, list[Any]]:
    """Everything up to and with an event, by type."""
    events: dict[str, list[Any]] = {}
    async with asyncio.timeout(30):
        async for event in connection:
            assert event.type != "error", event
            events.setdefault(event.type, []).append(event)
            if event.type == last:
                break
    return events


def sound(deltas: list[Any]) -> Samples:
    return np.frombuffer(b"".join(base64.b64decode(delta.delta) for delta in deltas), "<i2")


async def test_talking(connection: Any, understand: Understand) -> None:
    question = await asyncio.to_thread(say, QUESTION, None, RATE)
    audio = {"input": {"transcription": {"model": "whisper-1"}}}
    await connection.session.update(session={"type": "realtime", "audio": audio})
    speaking = asyncio.create_task(talk_into(connection, question))
    events = await until(connection, "response.done")
    speaking.cancel()
    (heard,) = events["conversation.item.input_audio_transcription.completed"]
    assert words_of(heard.transcript) == words_of(QUESTION)
    (done,) = events["response.done"]
    written = done.response.output[0].content[0].transcript
    assert words_of(written) == words_of(ANSWER)
    told = await understand(sound(events["response.output_audio.delta"]), RATE)
    assert word_error(written, told) <= 0.2


async def write(connection: Any, text: str) -> dict[str, list[Any]]:
    """Say something in writing; everything up to the end of the answer."""
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    await connection.conversation.item.create(item=item)
    await connection.response.create()
    return await until(connection, "response.done")


async def test_calling_a_function(connection: Any) -> None:
    session = {"type": "realtime", "tools": [WEATHER], "output_modalities": ["text"]}
    await connection.session.update(session=session)
    events = await write(connection, "Call weather in Ulm.")
    (call,) = events["response.done"][0].response.output
    item = {"type": "function_call_output", "call_id": call.call_id, "output": "Rain"}
    await connection.conversation.item.create(item=item)
    await connection.response.create()
    answer = await until(connection, "response.done")
    assert call.name == "weather"
    assert "Ulm" in call.arguments
    text = answer["response.done"][0].response.output[0].content[0].text
    assert "rain" in words_of(text)


async def test_transcribing(client: openai.AsyncOpenAI) -> None:
    speech = await asyncio.to_thread(say, QUESTION, None, RATE)
    query = {"intent": "transcription"}
    async with client.realtime.connect(extra_query=query) as connection:
        speaking = asyncio.create_task(talk_into(connection, speech))
        completed = "conversation.item.input_audio_transcription.completed"
        events = await until(connection, completed)
        speaking.cancel()
    assert events["session.created"][0].session.type == "transcription"
    assert words_of(events[completed][0].transcript) == words_of(QUESTION)
    assert [kind for kind in events if kind.startswith("response.")] == []


async def test_the_beta(beta: Any, understand: Understand) -> None:
    events = await write(beta, "Say the window is open.")
    session = events["session.updated"][0].session
    assert (session.modalities, session.input_audio_format) == (["text", "audio"], "pcm16")
    assert session.turn_detection.silence_duration_ms == 200
    assert "conversation.item.created" in events
    (done,) = events["response.done"]
    content = done.response.output[0].content[0]
    assert content.type == "audio"
    assert words_of(content.transcript) == words_of("The window is open.")
    told = await understand(sound(events["response.audio.delta"]), RATE)
    assert word_error(content.transcript, told) <= 0.2
