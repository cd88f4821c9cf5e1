"""`POST /v1/audio/speech`: text in, audio out while it is synthesised."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from models.tts import SynthesisError
from voice_server.conversation.house import House
from voice_server.links.openai_desk import ACCOUNT
from voice_server.links.openai_streaming import answer
from voice_server.links.uploads import receive_json
from voice_server.recordings.audio_encoder import encoder
from voice_server.recordings.read_aloud import read_aloud, speakable
from voice_server.recordings.tempo import Tempo
from voice_server.wires import openai_speech as wire
from voice_server.wires.event_stream import CONTENT_TYPE
from voice_server.wires.openai_errors import ApiError, invalid
from voice_server.wires.openai_models import check_model

RATE = 24_000
"""Hertz of all formats: OpenAI's PCM has no header that could say another."""

VOICE_SPEED_MIN, VOICE_SPEED_MAX = 0.5, 2.0
"""What every voice can do itself; the rest is done to its audio."""


class SpeechEndpoint:
    """Reads texts aloud."""

    def __init__(self, house: House) -> None:
        self._synthesizer = house.engines.synthesizer
        self._settings = house.settings

    async def speech(self, request: web.Request) -> web.StreamResponse:
        """Read `input` aloud."""
        limits = self._settings.rest
        asked = wire.parse(
            await receive_json(request, limits),
            voices=self._synthesizer.voices,
            chars_max=limits.speech_chars_max,
        )
        check_model(asked.model, "tts", self._synthesizer.name)
        clauses = await asyncio.to_thread(speakable, asked.text)
        if not clauses:
            raise invalid("input", "There is nothing to say: input has no letters or digits.")
        content_type = CONTENT_TYPE if asked.events else wire.CONTENT_TYPES[asked.format]
        async with request[ACCOUNT].spending("tts_chars", len(asked.text)) as bill:
            bill.used = len(asked.text)
            audio = self._encoded(asked, clauses)
            pieces = _events(audio) if asked.events else audio
            return await answer(request, pieces, content_type, limits.stall_timeout_s)

    async def voices(self, request: web.Request) -> web.Response:
        """List the voices."""
        return web.json_response(wire.voice_list(self._synthesizer.voices))

    async def _encoded(
        self, asked: wire.SpeechRequest, clauses: list[str]
    ) -> AsyncGenerator[bytes, None]:
        """The file, in pieces. Encoding happens in threads."""
        speed = min(max(asked.speed, VOICE_SPEED_MIN), VOICE_SPEED_MAX)
        tempo = Tempo(asked.speed / speed, RATE)
        file = await asyncio.to_thread(encoder, asked.format, RATE)
        voice = asked.voice or self._settings.tts.voice
        spoken = read_aloud(clauses, self._synthesizer, voice=voice, speed=speed, rate=RATE)
        try:
            async with aclosing(spoken):
                async for samples in spoken:
                    paced = await asyncio.to_thread(tempo.feed, samples)
                    if piece := await asyncio.to_thread(file.feed, paced):
                        yield piece
        except SynthesisError as error:
            raise ApiError(500, str(error), code="tts_failed") from error
        yield await asyncio.to_thread(lambda: file.feed(tempo.finish()) + file.finish())


async def _events(audio: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(audio):
        async for piece in audio:
            yield wire.delta(piece)
    yield wire.done()
