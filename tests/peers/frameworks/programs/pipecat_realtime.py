"""Pipecat's OpenAI Realtime service in a pipeline: a tool, a question by voice; prints JSON.

Usage: python pipecat_realtime.py WEBSOCKET_URL PCM_24K_FILE
"""

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

RATE = 24_000
FRAME_BYTES = 960

seen: dict[str, Any] = {"heard": [], "said": "", "tools": [], "errors": [], "interruptions": 0}
audio = bytearray()
replies = asyncio.Semaphore(0)
sounding = asyncio.Event()


class Recorder(FrameProcessor):
    """Notes what passes by at the end of the pipeline."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case TTSAudioRawFrame():
                audio.extend(frame.audio)
                sounding.set()
            case TTSTextFrame():
                seen["said"] += f"{frame.text} "
            case LLMFullResponseEndFrame():
                replies.release()
            case ErrorFrame():
                seen["errors"].append(frame.error)
            case InterruptionFrame():
                seen["interruptions"] += 1
            case _:
                pass
        await self.push_frame(frame, direction)


class Ears(FrameProcessor):
    """Notes what was understood, on its way upstream."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            seen["heard"].append(frame.text)
        await self.push_frame(frame, direction)


async def weather(params: FunctionCallParams) -> None:
    seen["tools"].append(params.arguments["city"])
    await params.result_callback({"weather": "rain"})


async def speak(task: PipelineTask, pcm: bytes) -> None:
    for start in range(0, len(pcm) + 60 * FRAME_BYTES, FRAME_BYTES):
        data = pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        await task.queue_frame(InputAudioRawFrame(data, RATE, 1))
        await asyncio.sleep(0.02)


async def main(url: str, question: bytes) -> None:
    properties = SessionProperties(
        audio=AudioConfiguration(
            input=AudioInput(
                transcription=InputAudioTranscription(), turn_detection=TurnDetection()
            )
        )
    )
    llm = OpenAIRealtimeLLMService(
        api_key="any",
        base_url=url,
        settings=OpenAIRealtimeLLMService.Settings(session_properties=properties),
    )
    llm.register_function("weather", weather)
    schema = FunctionSchema("weather", "Tells the weather.", {"city": {"type": "string"}}, ["city"])
    context = LLMContext(
        [{"role": "user", "content": "Call weather in Ulm."}], ToolsSchema([schema])
    )
    pair = LLMContextAggregatorPair(context)
    pipeline = Pipeline([pair.user(), Ears(), llm, Recorder(), pair.assistant()])
    params = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
    task = PipelineTask(pipeline, params=params)
    running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(task))
    await task.queue_frame(LLMRunFrame())
    await asyncio.wait_for(replies.acquire(), 20)
    await asyncio.wait_for(replies.acquire(), 20)
    seen["first"], seen["said"] = seen["said"], ""
    audio.clear()
    talking = asyncio.create_task(speak(task, question))
    await asyncio.wait_for(replies.acquire(), 30)
    await talking
    print(json.dumps({**seen, "audio": base64.b64encode(audio).decode()}))
    await task.queue_frame(EndFrame())
    await asyncio.wait_for(running, 10)


asyncio.run(main(sys.argv[1], Path(sys.argv[2]).read_bytes()))
