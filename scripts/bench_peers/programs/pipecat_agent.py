"""A whole voice agent of Pipecat's parts: one pipeline for each WebSocket, raw PCM both ways.

Usage, in Pipecat's environment: python pipecat_agent.py PORT MODEL_FOLDER BACKENDS_URL plain|tuned
`plain`: Silero and smart-turn as they come. `tuned`: int8, and a turn ends 200 ms after the voice.
"""

import sys
from typing import Any

import aiohttp
import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import Frame, InputAudioRawFrame, InterruptionFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.piper.tts import PiperHttpTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transcriptions.language import Language
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

RATE = 16_000
PORT, MODEL, BACKENDS, MODE = sys.argv[1:]
TUNED = MODE == "tuned"

app = FastAPI()


class RawPcm(FrameSerializer):
    """Bytes are samples; an interruption is told in JSON, as telephones are told to clear."""

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """Audio, and interruptions; the client is told nothing else."""
        match frame:
            case InterruptionFrame():
                return '{"type": "clear"}'
            case OutputAudioRawFrame():
                return frame.audio
        return None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """Audio."""
        return InputAudioRawFrame(data, RATE, 1) if isinstance(data, bytes) else None


def turns() -> dict[str, Any]:
    """Who ends a turn: smart-turn, unless tuned."""
    if not TUNED:
        return {}
    stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.2)
    return {"user_turn_strategies": UserTurnStrategies(stop=[stop])}


def parts(http: aiohttp.ClientSession, transport: FastAPIWebsocketTransport) -> Pipeline:
    """The whole pipeline of one session, its own copy of the recogniser in it."""
    stt = WhisperSTTService(
        device="cpu",
        compute_type="int8" if TUNED else "default",
        settings=WhisperSTTService.Settings(model=MODEL, language=Language.EN),
    )
    llm = OpenAILLMService(
        api_key="any",
        base_url=f"{BACKENDS}/v1",
        settings=OpenAILLMService.Settings(model="null"),
    )
    tts = PiperHttpTTSService(
        base_url=f"{BACKENDS}/piper",
        aiohttp_session=http,
        settings=PiperHttpTTSService.Settings(voice="null"),
    )
    hearing = LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer(), **turns())
    pair = LLMContextAggregatorPair(LLMContext(), user_params=hearing)
    return Pipeline(
        [transport.input(), stt, pair.user(), llm, tts, transport.output(), pair.assistant()]
    )


@app.websocket("/ws")
async def talk(ws: WebSocket) -> None:
    """One session."""
    await ws.accept()
    params = FastAPIWebsocketParams(
        audio_in_enabled=True, audio_out_enabled=True, serializer=RawPcm()
    )
    transport = FastAPIWebsocketTransport(websocket=ws, params=params)
    async with aiohttp.ClientSession() as http:
        rates = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
        task = PipelineTask(parts(http, transport), params=rates)

        @transport.event_handler("on_client_disconnected")
        async def left(transport: object, client: object) -> None:
            await task.cancel()

        await PipelineRunner(handle_sigint=False).run(task)


logger.remove()
logger.add(sys.stderr, level="WARNING")
uvicorn.run(app, host="127.0.0.1", port=int(PORT), log_level="warning")
