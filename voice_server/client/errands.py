"""One thing at a time, for scripts: ask, speak, transcribe a file.

Nobody listens here, so the audio need not be paced: what arrives is reported as played, and the
next is sent at once.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from audio import SAMPLE_RATE, Samples
from voice_server.client.call import Call, connect
from voice_server.client.errors import CallError, ConnectionLost, ReplyFailed
from voice_server.client.events import (
    Ack,
    Audio,
    AudioDone,
    Error,
    Final,
    ReplyDone,
    ReplyStarted,
    SpeechStarted,
    SpeechStopped,
)
from voice_server.client.keys import Key
from voice_server.client.opening import DEFAULT_URL
from voice_server.client.reconnection import ONCE
from voice_server.client.trust import Trust

TIMEOUT_S = 120.0
PIECE_CHARS_MAX = 400
"""Servers limit how long a reply may be; a long text is spoken in pieces."""

_LAST = "last"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    text: str = field(repr=False)
    samples: Samples = field(repr=False)
    """Shape (n,); empty if the voice failed."""
    rate: int
    """Hertz."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said between two silences of a recording."""

    start_ms: int
    end_ms: int
    final: Final = field(repr=False)


def ask(
    question: str,
    url: str = DEFAULT_URL,
    *,
    key: Key = None,
    language: str | None = None,
    trust: Trust = None,
) -> Answer:
    """Ask by text, and return the answer with its audio. Raises `CallError`."""
    return _run(asked(question, url, key=key, language=language, trust=trust))


def speak(
    text: str,
    url: str = DEFAULT_URL,
    *,
    key: Key = None,
    voice: str | None = None,
    speed: float | None = None,
    trust: Trust = None,
) -> Answer:
    """Have a text of any length spoken, and return the audio. Raises `CallError`."""
    return _run(spoken(text, url, key=key, voice=voice, speed=speed, trust=trust))


def transcribe_file(
    path: str,
    url: str = DEFAULT_URL,
    *,
    key: Key = None,
    language: str | None = None,
    trust: Trust = None,
) -> str:
    """Everything that is said in a recording, a line for each stretch of speech.

    After the first minute a server takes audio in at twice real time. Raises `CallError`, and
    `AudioFileError` for what is no recording.
    """

    async def collected() -> str:
        recognised = transcribed(path, url, key=key, language=language, trust=trust)
        async with aclosing(recognised) as stretches:
            return "\n".join([said.final.text async for said in stretches])

    return asyncio.run(collected())


async def asked(
    question: str,
    url: str = DEFAULT_URL,
    *,
    key: Key = None,
    language: str | None = None,
    trust: Trust = None,
) -> Answer:
    """`ask`, without a limit of time."""
    call = connect(
        url, key, language=language, playback_reports=True, reconnection=ONCE, trust=trust
    )
    async with call:
        await call.text(question)
        return await _reply(call, "text")


async def spoken(
    text: str,
    url: str = DEFAULT_URL,
    *,
    key: Key = None,
    voice: str | None = None,
    speed: float | None = None,
    trust: Trust = None,
) -> Answer:
    """`speak`, without a limit of time."""
    call = connect(
        url,
        key,
        mode="tts",
        voice=voice,
        speed=speed,
        playback_reports=True,
        reconnection=ONCE,
        trust=trust,
    )
    parts: list[Samples] = []
    async with call:
        for piece in pieces(text):
            await call.say(piece)
            parts.append((await _reply(call, "say")).samples)
    samples = np.concatenate(parts) if parts else np.empty(0, dtype=np.int16)
    return Answer(text, samples, call.options.output_rate)


async def transcribed(
    path: str,
    url: str = DEFAULT_URL,
    *,
    key: Key = None,
    language: str | None = None,
    trust: Trust = None,
) -> AsyncGenerator[Said, None]:
    """The stretches of speech in a recording, as they are recognised.

    Open it with `contextlib.aclosing`. Raises `CallError` and `AudioFileError`.
    """
    call = connect(
        url,
        key,
        mode="transcription",
        language=language,
        input_rate=SAMPLE_RATE,
        reconnection=ONCE,
        trust=trust,
    )
    async with call:
        sender = asyncio.create_task(_play_file(path, call))
        try:
            async with aclosing(_stretches(call, sender)) as stretches:
                async for said in stretches:
                    yield said
            await sender
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)


def pieces(text: str) -> list[str]:
    """A text cut after sentences, each piece as long as may be; a long sentence at its spaces."""
    cut: list[str] = []
    piece = ""
    for word in text.split():
        if len(piece) + len(word) >= PIECE_CHARS_MAX:
            end = max((piece.rfind(mark) for mark in (". ", "! ", "? ")), default=-1)
            kept = piece[: end + 1] if end > 0 else piece
            cut.append(kept)
            piece = piece[len(kept) :].strip()
        piece = f"{piece} {word}".strip()
    return [*cut, piece] if piece else cut


async def _reply(call: Call, cause: str) -> Answer:
    """The next reply of this cause, at full speed."""
    response, stream, reported, parts = "", -1, 0, list[Samples]()
    async for event in call:
        match event:
            case ReplyStarted(response=name, stream=number, cause=because) if because == cause:
                response, stream = name, number
            case Audio(stream=number, position=position, samples=samples) if number == stream:
                parts.append(samples)
                received = position + len(samples)
                if received - reported >= call.options.output_rate // 2:
                    reported = received
                    await call.played(stream, received)
            case AudioDone(stream=number, total_samples=total) if number == stream:
                await call.played(stream, total, "drained")
            case ReplyDone(response=name, status=status, text=text) if name == response:
                if status not in ("completed", "length"):
                    raise ReplyFailed(f"The reply ended early: {status}.")
                samples = np.concatenate(parts) if parts else np.empty(0, dtype=np.int16)
                return Answer(text, samples, call.options.output_rate)
            case Error(message=message):
                raise ReplyFailed(message)
    raise ConnectionLost("The server ended the call before the reply was complete.")


async def _play_file(path: str, call: Call) -> None:
    """Send a recording, and mark its end: the answer to that comes after all speech has begun."""
    from voice_server.recordings.audio_file import open_recording  # noqa: PLC0415 - FFmpeg, when needed

    with open_recording(path) as recording:
        while (block := await asyncio.to_thread(next, recording.blocks, None)) is not None:
            if not await call.send_audio(block):
                raise ConnectionLost("The connection broke in the middle of the recording.")
    await call.commit(_LAST)


async def _stretches(call: Call, sender: asyncio.Task[None]) -> AsyncGenerator[Said, None]:
    """In the order in which they were said: a short one may be recognised before a long one."""
    started: dict[str, int] = {}
    stopped: dict[str, int] = {}
    finals: dict[str, Final] = {}
    sent = False
    while not sent or started:
        match await _next_event(call, sender):
            case SpeechStarted(item=item, ms=ms):
                started[item] = ms
            case SpeechStopped(item=item, ms=ms):
                stopped[item] = ms
            case Final(item=item) as final:
                finals[item] = final
            case Ack(id=id) | Error(id=id) if id == _LAST:
                sent = True  # an error: nothing was being said, so there was nothing to end
            case Error(message=message):
                raise ReplyFailed(message)
        while started and (first := next(iter(started))) in finals:
            said = Said(started.pop(first), stopped.pop(first, 0), finals.pop(first))
            if said.final.text:
                yield said


async def _next_event(call: Call, sender: asyncio.Task[None]) -> object:
    """What comes next, unless the recording could not be read: then that."""
    event = asyncio.ensure_future(anext(call, None))
    try:
        while not event.done():
            waiting = {event} if sender.done() else {event, sender}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if sender.done():
                sender.result()
        return _present(event.result())
    finally:
        event.cancel()


def _present(event: _T | None) -> _T:
    if event is None:
        raise ConnectionLost("The server ended the call in the middle of the recording.")
    return event


def _run(errand: Coroutine[Any, Any, Answer]) -> Answer:
    async def timed() -> Answer:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await errand
        except TimeoutError:
            raise CallError(f"The server did not finish within {TIMEOUT_S:g} s.") from None

    return asyncio.run(timed())
