"""Loads what was planned, off the event loop, and makes it warm: the first turn must not pay.

Engines that need an optional package are imported when they are chosen, not before.
"""

import asyncio
import os
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import numpy as np

from audio import SAMPLE_RATE
from models.asr import RecognitionError, RecognitionOptions, Recognizer
from models.asr.whisper import Patience, WhisperRecognizer
from models.catalog import AsrModel, VoiceModel
from models.errors import ModelError
from models.fetch_thread import fetched
from models.hub import Hub
from models.llm import ChatError, ChatModel
from models.llm.call_stream import CallLimits
from models.llm.chat_endpoints import LOCAL_PORTS
from models.llm.openai_chat import ChatTimeouts, OpenAIChat
from models.llm.responder import OfflineResponder
from models.scheduler import Scheduler
from models.scripted import (
    ChatScript,
    RecognizerScript,
    ScriptedChat,
    ScriptedRecognizer,
    ScriptedSynthesizer,
    VoiceScript,
)
from models.tts import SynthesisError, Synthesizer
from voice_server.engines.plans import Plan
from voice_server.settings import LlmSettings, Settings

_NOISE_LEVEL = 300
"""Standard deviation, out of 32767: loud enough that no engine skips it as silence."""


class Loader:
    """Turns plans into engines. All methods raise `ModelError`."""

    def __init__(self, settings: Settings, hub: Hub, scheduler: Scheduler) -> None:
        self._settings = settings
        self._hub = hub
        self._scheduler = scheduler

    async def fetched(self, plan: Plan) -> Plan:
        """The plan with its model on this machine, downloaded if need be."""
        match plan.path, plan.model:
            case None, AsrModel() as model:
                return replace(plan, path=await fetched(lambda: self._hub.fetch_asr(model)))
            case None, VoiceModel() as voice:
                return replace(plan, path=await fetched(lambda: self._hub.fetch_voice(voice)))
            case _:
                return plan

    async def recognizer(self, plan: Plan) -> Recognizer:
        """A warm recogniser."""
        if plan.engine == "scripted":
            script = self._settings.asr.scripted
            return ScriptedRecognizer(
                RecognizerScript(
                    script.texts, partial_ms=script.partial_ms, final_ms=script.final_ms
                )
            )
        recognizer = await self._sphinx() if plan.path is None else await self._whisper(plan)
        await _hear_noise(recognizer, self._settings.asr.language)
        return recognizer

    async def chat(self, plan: Plan) -> tuple[ChatModel, str]:
        """A language model, and a notice if it does not answer now: it may well do so later."""
        settings = self._settings.llm
        if plan.engine == "offline":
            return OfflineResponder(), ""
        if plan.engine == "scripted":
            return ScriptedChat(
                ChatScript(
                    settings.scripted.texts,
                    first_token_ms=settings.scripted.first_token_ms,
                    token_interval_ms=settings.scripted.token_interval_ms,
                    tool_calls=settings.scripted.tool_calls,
                    tool_preamble=settings.scripted.tool_preamble,
                )
            ), ""
        try:
            chat = _endpoint(plan, settings)
        except ValueError as error:
            raise ModelError(f"llm.engine is {plan.url!r}: {error}.") from error
        try:
            await chat.resolve_model()
        except ChatError as error:
            return chat, str(error)
        return chat, ""

    async def synthesizer(self, plan: Plan) -> Synthesizer:
        """A warm voice."""
        if plan.engine == "scripted":
            script = self._settings.tts.scripted
            return ScriptedSynthesizer(
                VoiceScript(first_chunk_ms=script.first_chunk_ms, ms_per_char=script.char_ms)
            )
        workers = self._settings.tts.workers
        load = _espeak if plan.path is None else lambda: _piper(plan, workers)
        synthesizer = await asyncio.to_thread(load)
        await _say_something(synthesizer, self._settings.tts.voice)
        return synthesizer

    async def _whisper(self, plan: Plan) -> Recognizer:
        settings, model = self._settings.asr, plan.model
        window = model.window if isinstance(model, AsrModel) else "margin"
        name = model.name if isinstance(model, AsrModel) else str(plan.path)
        return await WhisperRecognizer.load(
            str(plan.path),
            name=f"faster-whisper:{name}",
            scheduler=self._scheduler,
            window=window,
            margin_ms=settings.window_margin_ms,
            device=settings.device,
            compute_type=settings.compute_type,
            beam_size=settings.beam_size,
            cpu_threads=max(1, (os.cpu_count() or 1) // settings.workers),
            patience=Patience(final_s=settings.final_deadline_s),
            translates=not isinstance(model, AsrModel) or model.translates,
        )

    async def _sphinx(self) -> Recognizer:
        from models.asr.sphinx import SphinxRecognizer  # noqa: PLC0415

        settings = self._settings.asr
        return await SphinxRecognizer.load(
            decoders_max=settings.utterances_max, final_deadline_s=settings.final_deadline_s
        )


def _endpoint(plan: Plan, settings: LlmSettings) -> OpenAIChat:
    timeouts = ChatTimeouts(
        connect_s=settings.connect_timeout_s,
        first_token_s=settings.first_token_timeout_s,
        between_tokens_s=settings.token_timeout_s,
        total_s=settings.total_timeout_s,
    )
    servers = {port: name.lower() for name, port in LOCAL_PORTS.items()}
    label = next((name for port, name in servers.items() if f":{port}/" in plan.url), "openai")
    return OpenAIChat(
        plan.url,
        settings.model,
        api_key=settings.api_key,
        timeouts=timeouts,
        disable_thinking=settings.disable_thinking,
        streams_max=settings.streams_max,
        call_limits=CallLimits(settings.tool_calls_max, settings.tool_arguments_bytes_max),
        label=label,
    )


def _espeak() -> Synthesizer:
    from models.tts.espeak import EspeakSynthesizer  # noqa: PLC0415

    return EspeakSynthesizer()


def _piper(plan: Plan, workers: int) -> Synthesizer:
    from models.tts.piper import PiperSynthesizer  # noqa: PLC0415

    return PiperSynthesizer.load(plan.path or Path(), workers=workers)


async def _hear_noise(recognizer: Recognizer, language: str | None) -> None:
    """One second of noise, through partial and final: loads kernels, finds wrong languages."""
    noise = np.random.default_rng(0).normal(0, _NOISE_LEVEL, SAMPLE_RATE).astype(np.int16)
    utterance = recognizer.utterance(RecognitionOptions(language=language))
    utterance.feed(noise)
    try:
        await utterance.final()
    except RecognitionError as error:
        raise ModelError(f"{recognizer.name} cannot be used: {error}") from error
    finally:
        utterance.close()


async def _say_something(synthesizer: Synthesizer, voice: str | None) -> None:
    try:
        async with aclosing(synthesizer.speak("Ready.", voice=voice)) as chunks:
            async for _chunk in chunks:
                pass
    except SynthesisError as error:
        raise ModelError(f"{synthesizer.name} cannot be used: {error}") from error
