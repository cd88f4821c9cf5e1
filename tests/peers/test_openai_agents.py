"""The `openai-agents` package against the running server: talking, calling, interrupting, hearing.

It validates every event strictly, and treats what fails as an error of the model.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import agents
import numpy as np
import openai
import pytest
from agents import realtime
from agents.voice import OpenAISTTModel, StreamedAudioInput, STTModelSettings

from audio import Samples
from models.llm.small_talk import story
from tests.support.microphone import PCM_24K, Microphone
from tests.support.server import ServerProcess
from tests.support.speech import say
from voice_server.bench.word_error import word_error, words_of

pytestmark = pytest.mark.socket

Understand = Callable[[Samples, int], Awaitable[str]]

RATE = 24_000
QUESTION = "Repeat, set an alarm for six o'clock."
ANSWER = "Set an alarm for six o'clock."

agents.set_tracing_disabled(True)


@agents.function_tool
def weather(city: str) -> str:
    """Tells the weather."""
    return f"Rain in {city}"


class Listener:
    """Notes what a session says, and what it plays."""

    def __init__(self, session: realtime.RealtimeSession) -> None:
        self.session = session
        self.events: list[Any] = []
        self._news = asyncio.Event()

    async def listen(self) -> None:
        async for event in self.session:
            self.events.append(event)
            self._news.set()

    async def until(self, type: str, count: int = 1) -> Any:
        """The `count`th event of a type."""
        async with asyncio.timeout(30):
            while len(found := self.of(type)) < count:
                assert not self.of("error"), self.of("error")
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    def of(self, type: str) -> list[Any]:
        return [event for event in self.events if event.type == type]

    async def until_done(self, count: int = 1) -> None:
        """Until a turn of the assistant has ended."""
        await self.until("agent_end", count)

    def heard(self) -> Samples:
        sound = b"".join(event.audio.data for event in self.of("audio"))
        return np.frombuffer(sound, "<i2")

    def said(self, role: str) -> list[str]:
        """The words of the history, by role."""
        (*_, last) = self.of("history_updated") or [None]
        items = last.history if last else []
        return [
            getattr(part, "transcript", None) or getattr(part, "text", None) or ""
            for item in items
            if getattr(item, "role", "") == role
            for part in item.content
        ]


@asynccontextmanager
async def talking(server: ServerProcess, **settings: Any) -> AsyncIterator[Listener]:
    agent = realtime.RealtimeAgent(name="Test", instructions="Be brief.", tools=[weather])
    url = f"{server.url.replace('http', 'ws')}v1/realtime?model=local"
    config: Any = {"url": url, "api_key": "any", "initial_model_settings": settings}
    runner = realtime.RealtimeRunner(agent)
    async with await runner.run(model_config=config) as session:
        listener = Listener(session)
        listening = asyncio.create_task(listener.listen())
        try:
            yield listener
        finally:
            listening.cancel()
    assert not listener.of("error")


@asynccontextmanager
async def microphone(listener: Listener) -> AsyncIterator[Microphone]:
    open = Microphone(listener.session.send_audio, PCM_24K, framed=False)
    running = asyncio.create_task(open.run())
    try:
        yield open
    finally:
        running.cancel()


async def test_writing(server: ServerProcess, understand: Understand) -> None:
    async with talking(server) as listener:
        await listener.session.send_message("Say the window is open.")
        await listener.until_done()
        await listener.until("audio_end")
    assert words_of(listener.said("assistant")[-1]) == words_of("The window is open.")
    told = await understand(listener.heard(), RATE)
    assert word_error("The window is open.", told) <= 0.2


async def test_talking(server: ServerProcess, understand: Understand) -> None:
    question = await asyncio.to_thread(say, QUESTION, None, RATE)
    async with talking(server) as listener, microphone(listener) as mouth:
        await mouth.say(question)
        await listener.until_done()
        await listener.until("audio_end")
    assert words_of(listener.said("user")[-1]) == words_of(QUESTION)
    assert words_of(listener.said("assistant")[-1]) == words_of(ANSWER)
    told = await understand(listener.heard(), RATE)
    assert word_error(ANSWER, told) <= 0.2


async def test_calling_a_function(server: ServerProcess) -> None:
    async with talking(server) as listener:
        await listener.session.send_message("Call weather in Ulm.")
        end = await listener.until("tool_end")
        await listener.until_done(2)
    assert end.output.lower() == "rain in ulm"
    assert {"rain", "ulm"} <= set(words_of(listener.said("assistant")[-1]))


@pytest.mark.parametrize("kind", ["server_vad", "semantic_vad"])
async def test_interrupting(server: ServerProcess, kind: str) -> None:
    question = await asyncio.to_thread(say, "Tell me a long story.", None, RATE)
    objection = await asyncio.to_thread(say, "Stop the alarm.", None, RATE)
    detection = {"type": kind, "interrupt_response": True, "create_response": True}
    async with (
        talking(server, turn_detection=detection) as listener,
        microphone(listener) as mouth,
    ):
        await mouth.say(question)
        await listener.until("audio")
        await mouth.say(np.zeros(2 * RATE, dtype=np.int16))
        await mouth.say(objection)
        await listener.until("audio_interrupted")
        await listener.until_done(2)
        await listener.until("audio_end", 2)
    raw = [event.data for event in listener.of("raw_model_event")]
    told = [event.data for event in raw if event.type == "raw_server_event"]
    ends = [event["response"] for event in told if event["type"] == "response.done"]
    assert ends[0]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    (truncated,) = [one for one in told if one["type"] == "conversation.item.truncated"]
    assert truncated["item_id"] == ends[0]["output"][0]["id"]
    kept = [
        one["item"]
        for one in told
        if one["type"] == "conversation.item.retrieved"
        and one["item"]["id"] == truncated["item_id"]
    ]
    heard = kept[-1]["content"][0]["transcript"]
    assert 1 <= len(heard.split()) <= 12
    assert story().startswith(heard)
    assert words_of(listener.said("assistant")[-1]) == ["okay"]


async def test_hearing(server: ServerProcess) -> None:
    """Its speech-to-text model: a file, a commit, a clear, and every turn that is owed."""
    speech = await asyncio.to_thread(say, QUESTION, None, RATE)
    sockets = f"{server.url.replace('http', 'ws')}v1"
    async with openai.AsyncOpenAI(
        base_url=f"{server.url}v1", websocket_base_url=sockets, api_key="any"
    ) as client:
        model = OpenAISTTModel("gpt-4o-mini-transcribe", client)
        input = StreamedAudioInput()  # type: ignore[no-untyped-call]
        for piece in np.split(speech, range(RATE // 10, len(speech), RATE // 10)):
            await input.add_audio(piece)
        await input.add_audio(np.zeros(RATE, dtype=np.int16))
        await input.add_audio(None)
        session = await model.create_session(input, STTModelSettings(), False, False)
        async with asyncio.timeout(30):
            turns = [turn async for turn in session.transcribe_turns()]
        await session.close()
    assert [words_of(turn) for turn in turns] == [words_of(QUESTION)]
