"""LiveKit's OpenAI Realtime plug-in: a tool by text, a question by voice, a cut; prints JSON.

Usage: python livekit_realtime.py BASE_URL PCM_24K_FILE
"""

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import function_tool, llm, utils
from livekit.plugins import openai

RATE = 24_000
FRAME_BYTES = 960

seen: dict[str, Any] = {"heard": [], "tools": [], "errors": [], "said": []}


@function_tool
async def weather(city: str) -> str:
    """Tells the weather."""
    return f"Rain in {city}"


async def received(generation: llm.GenerationCreatedEvent) -> bytes:
    """Take in one answer: its words, its sound, its calls."""
    audio = bytearray()

    async def calls() -> None:
        async for call in generation.function_stream:
            seen["tools"].append(json.loads(call.arguments)["city"])
            calls_open.append(call)

    async def messages() -> None:
        async for message in generation.message_stream:
            words = ""
            sounds = asyncio.create_task(listen(message, audio))
            async for piece in message.text_stream:
                words += piece
            await sounds
            seen["said"].append(words)

    calls_open.clear()
    await asyncio.gather(calls(), messages())
    return bytes(audio)


async def listen(message: llm.MessageGeneration, audio: bytearray) -> None:
    async for frame in message.audio_stream:
        audio.extend(bytes(frame.data))


calls_open: list[llm.FunctionCall] = []


async def speak(session: Any, pcm: bytes) -> None:
    for start in range(0, len(pcm) + 60 * FRAME_BYTES, FRAME_BYTES):
        data = pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        session.push_audio(rtc.AudioFrame(data, RATE, 1, FRAME_BYTES // 2))
        await asyncio.sleep(0.02)


async def main(base_url: str, question: bytes) -> None:
    async with utils.http_context.open():
        model = openai.realtime.RealtimeModel(base_url=base_url, api_key="any")
        session = model.session()
        answers: asyncio.Queue[llm.GenerationCreatedEvent] = asyncio.Queue()
        heard = asyncio.Event()

        @session.on("input_audio_transcription_completed")
        def on_heard(event: llm.InputTranscriptionCompleted) -> None:
            if event.is_final:
                seen["heard"].append(event.transcript)
                heard.set()

        session.on("generation_created", answers.put_nowait)
        session.on("error", lambda event: seen["errors"].append(str(event)))
        await session.update_instructions("Be brief.")
        await session.update_tools([weather])

        context = session.chat_ctx.copy()
        context.add_message(role="user", content="Call weather in Ulm.")
        await session.update_chat_ctx(context)
        await received(await session.generate_reply())
        call = calls_open[0]
        context = session.chat_ctx.copy()
        context.items.append(
            llm.FunctionCallOutput(
                name=call.name, call_id=call.call_id, output="Rain in Ulm", is_error=False
            )
        )
        await session.update_chat_ctx(context)
        await received(await session.generate_reply())

        while not answers.empty():
            answers.get_nowait()
        talking = asyncio.create_task(speak(session, question))
        audio = await received(await asyncio.wait_for(answers.get(), 30))
        await asyncio.wait_for(heard.wait(), 20)
        await talking
        print(json.dumps({**seen, "audio": base64.b64encode(audio).decode()}))
        await session.aclose()


asyncio.run(main(sys.argv[1], Path(sys.argv[2]).read_bytes()))
