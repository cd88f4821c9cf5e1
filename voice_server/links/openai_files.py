"""`POST /v1/audio/transcriptions` and `/v1/audio/translations`: recordings in, words out."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager
from typing import BinaryIO, cast

from aiohttp import web

from models.asr import RecognitionError
from voice_server.conversation.house import House
from voice_server.links.openai_desk import ACCOUNT
from voice_server.links.openai_streaming import answer, while_connected
from voice_server.links.uploads import receive_form
from voice_server.recordings.audio_file import AudioFileError, open_recording
from voice_server.recordings.recording_meter import RecordingMeter
from voice_server.recordings.subtitles import Passage
from voice_server.recordings.transcribe import transcribe
from voice_server.wires import openai_transcription as wire
from voice_server.wires.event_stream import CONTENT_TYPE, comment
from voice_server.wires.openai_errors import ApiError, unsupported
from voice_server.wires.openai_models import check_model

STRETCHES_AHEAD = 0
"""A file has one stretch of speech before the recogniser at a time: conversations come between."""


class FileEndpoints:
    """Transcribes and translates uploaded recordings."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._limits = house.settings.rest

    async def transcriptions(self, request: web.Request) -> web.StreamResponse:
        """Write down what is said."""
        return await self._handle(request, "transcribe")

    async def translations(self, request: web.Request) -> web.StreamResponse:
        """Write down in English what is said. Raises `ApiError` where the model cannot."""
        if not self._house.engines.recognizer.translates:
            name = self._house.engines.recognizer.name
            raise unsupported(
                "model",
                f"{name} does not translate: load a multilingual Whisper model, such as small.",
            )
        return await self._handle(request, "translate")

    async def _handle(self, request: web.Request, task: wire.Task) -> web.StreamResponse:
        recognizer = self._house.engines.recognizer
        with tempfile.NamedTemporaryFile(prefix="voice-server-") as file:
            fields = await receive_form(request, cast(BinaryIO, file), self._limits)
            asked = wire.parse(
                fields,
                task,
                language=self._house.settings.asr.language,
                languages=recognizer.languages,
            )
            check_model(asked.model, "asr", recognizer.name)
            async with _opened(file.name, self._limits.recording_s_max) as meter:
                return await self._answered(request, asked, meter)

    async def _answered(
        self, request: web.Request, asked: wire.TranscriptionRequest, meter: RecordingMeter
    ) -> web.StreamResponse:
        """Where the file does not say how long it is, its time is known only afterwards."""
        at_most_ms = meter.recording.duration_ms or 0
        async with request[ACCOUNT].spending("audio_ms", at_most_ms) as bill:
            try:
                if asked.stream:
                    return await self._stream(request, asked, meter)
                return await self._whole(request, asked, meter)
            finally:
                bill.used = int(meter.duration_s * 1000)

    async def _whole(
        self, request: web.Request, asked: wire.TranscriptionRequest, meter: RecordingMeter
    ) -> web.Response:
        passages = await while_connected(request, self._all(asked, meter))
        text = await asyncio.to_thread(wire.render, asked, passages, meter.duration_s)
        return web.Response(
            text=text, content_type=wire.CONTENT_TYPES[asked.format], charset="utf-8"
        )

    async def _stream(
        self, request: web.Request, asked: wire.TranscriptionRequest, meter: RecordingMeter
    ) -> web.StreamResponse:
        events = self._events(asked, meter)
        return await answer(request, events, CONTENT_TYPE, self._limits.stall_timeout_s)

    async def _all(self, asked: wire.TranscriptionRequest, meter: RecordingMeter) -> list[Passage]:
        async with aclosing(self._passages(asked, meter)) as passages:
            return [passage async for passage in passages]

    async def _events(
        self, asked: wire.TranscriptionRequest, meter: RecordingMeter
    ) -> AsyncGenerator[bytes, None]:
        """A delta per passage, and beside it how far we are."""
        sent: list[Passage] = []
        async with aclosing(self._passages(asked, meter)) as passages:
            async for passage in passages:
                yield wire.delta(passage, first=not sent)
                yield comment(f"{passage.end_ms / 1000:.1f} s are done")
                sent.append(passage)
        yield wire.done(sent)

    async def _passages(
        self, asked: wire.TranscriptionRequest, meter: RecordingMeter
    ) -> AsyncGenerator[Passage, None]:
        passages = transcribe(
            meter.recording,
            self._house.engines.recognizer,
            self._house.settings,
            lambda _: None,
            asked.options,
            ahead=STRETCHES_AHEAD,
        )
        with _explained():
            async with aclosing(passages):
                async for passage in passages:
                    if passage.text:
                        yield passage


@asynccontextmanager
async def _opened(path: str, seconds_max: int) -> AsyncGenerator[RecordingMeter, None]:
    """An uploaded file as a recording. Opening it reads, so it is done in a thread."""
    with ExitStack() as stack, _explained():
        opening = open_recording(path, "The file")
        recording = await asyncio.to_thread(stack.enter_context, opening)
        yield RecordingMeter(recording, seconds_max)


@contextmanager
def _explained() -> Iterator[None]:
    """Engine and file errors as `ApiError`."""
    try:
        yield
    except AudioFileError as error:
        raise ApiError(400, str(error), code="invalid_audio", param="file") from error
    except RecognitionError as error:
        raise ApiError(500, str(error), code="asr_failed") from error
