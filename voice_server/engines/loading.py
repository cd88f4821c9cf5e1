"""Loads what was planned, off the event loop, and makes it warm: the first turn must not pay.

Engines that need an optional package are imported when they are chosen, not before.
"""

import asyncio
import os
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from models.asr import RecognitionError, RecognitionOptions, Recognizer
from models.asr.remote import RemoteRecognizer
from models.asr.whisper import Patience
from models.asr.whisper_loader import warm_up_audio
from models.asr.whisper_startup import WhisperChoice, start_whisper
from models.catalog import AsrModel, VoiceModel
from models.errors import ModelError
from models.fetch_thread import fetched
from models.hub import Hub
from models.llm import ChatModel
from models.scheduler import Scheduler
from models.scripted import (
    RecognizerScript,
    ScriptedRecognizer,
    ScriptedSynthesizer,
    VoiceScript,
)
from models.speech_endpoint import SpeechEndpoint
from models.tts import SynthesisError, Synthesizer
from models.tts.pronunciation import PronouncingVoice
from models.tts.remote_voice import RemoteVoice
from models.tts.synthesis_queue import SynthesisQueue
from voice_server.engines.chat_meter import ChatMeter
from voice_server.engines.chats import load_chat
from voice_server.engines.plans import Plan
from voice_server.engines.voices import load_piper, shelved
from voice_server.settings import Settings, TtsSettings


class Loader:
    """Turns plans into engines. All methods raise `ModelError`."""

    def __init__(
        self,
        settings: Settings,
        hub: Hub,
        scheduler: Scheduler,
        meter: ChatMeter | None = None,
        *,
        voice_scheduler: Scheduler | None = None,
    ) -> None:
        """`voice_scheduler`: where the voice has places of its own."""
        self._settings = settings
        self._meter = meter or ChatMeter()
        self._hub = hub
        self._scheduler = scheduler
        self._sentences = SynthesisQueue(
            voice_scheduler or scheduler, deadline_s=settings.tts.sentence_deadline_s
        )

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
        if plan.engine == "endpoint":
            asr = self._settings.asr
            patience = Patience(asr.partial_deadline_s, asr.final_deadline_s)
            return RemoteRecognizer(SpeechEndpoint(plan.url, asr.api_key), asr.model, patience)
        recognizer = await self._sphinx() if plan.path is None else await self._whisper(plan)
        await _hear_noise(recognizer, self._settings.asr.language)
        return recognizer

    async def chat(self, plan: Plan) -> tuple[ChatModel, str]:
        """A language model, and a notice if it does not answer now: it may well do so later."""
        offline = self._settings.models.offline
        return await load_chat(plan, self._settings.llm, self._meter, offline=offline)

    async def synthesizer(self, plan: Plan) -> Synthesizer:
        """A warm voice."""
        if plan.engine == "scripted":
            script = self._settings.tts.scripted
            return ScriptedSynthesizer(
                VoiceScript(first_chunk_ms=script.first_chunk_ms, ms_per_char=script.char_ms)
            )
        settings = self._settings.tts
        if plan.engine == "endpoint":
            return _pronounced(
                await RemoteVoice.connect(plan.url, settings.model, settings.api_key), settings
            )
        load = (
            _espeak
            if plan.path is None
            else partial(load_piper, plan.path, settings, self._sentences)
        )
        synthesizer: Synthesizer = await asyncio.to_thread(load)
        if plan.engine == "piper" and settings.voices:
            synthesizer = await shelved(synthesizer, settings, self._hub, self._sentences)
        synthesizer = _pronounced(synthesizer, settings)
        await _say_something(synthesizer, settings.voice)
        return synthesizer

    async def _whisper(self, plan: Plan) -> Recognizer:
        settings, model = self._settings.asr, plan.model
        window = model.window if isinstance(model, AsrModel) else "margin"
        name = model.name if isinstance(model, AsrModel) else str(plan.path)
        choice = WhisperChoice(
            str(plan.path),
            f"faster-whisper:{name}",
            window=window,
            margin_ms=settings.window_margin_ms,
            device=settings.device,
            gpus=settings.gpus,
            compute_type=settings.compute_type,
            beam_size=settings.beam_size,
            cpu_threads=max(1, (os.cpu_count() or 1) // settings.workers),
            processes=settings.processes,
            batch_max=settings.batch_max,
            translates=not isinstance(model, AsrModel) or model.translates,
        )
        patience = Patience(settings.partial_deadline_s, settings.final_deadline_s)
        return await start_whisper(choice, self._scheduler, patience)

    async def _sphinx(self) -> Recognizer:
        from models.asr.sphinx import SphinxRecognizer  # noqa: PLC0415

        settings = self._settings.asr
        return await SphinxRecognizer.load(
            decoders_max=settings.utterances_max, final_deadline_s=settings.final_deadline_s
        )


def _pronounced(synthesizer: Synthesizer, settings: TtsSettings) -> Synthesizer:
    forms = settings.pronunciations
    return PronouncingVoice(synthesizer, forms) if forms else synthesizer


def _espeak() -> Synthesizer:
    from models.tts.espeak import EspeakSynthesizer  # noqa: PLC0415

    return EspeakSynthesizer()


async def _hear_noise(recognizer: Recognizer, language: str | None) -> None:
    """One second of noise, through partial and final: loads kernels, finds wrong languages."""
    utterance = recognizer.utterance(RecognitionOptions(language=language))
    utterance.feed(warm_up_audio())
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
