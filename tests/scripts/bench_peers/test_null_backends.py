"""The model and the voice that do no work: both agents get the same words and the same sound."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from aiohttp.test_utils import TestServer
from openai import OpenAI

from models.tts.remote_voice import RemoteVoice
from scripts.bench_peers.null_backends import (
    CHAR_S,
    LONG,
    OPENAI_RATE,
    PIPER_RATE,
    SHORT,
    answer,
    application,
    riff,
    sound,
)

pytestmark = pytest.mark.socket


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with TestServer(application()) as server:
        yield str(server.make_url("/v1"))


def test_whoever_asks_for_a_story_last_gets_one() -> None:
    ask = {"role": "user", "content": "Tell me a long story."}
    reply = {"role": "assistant", "content": "story"}
    assert answer({"messages": [ask]}) == LONG
    later = {"role": "user", "content": "What time is it?"}
    assert answer({"messages": [ask, reply, later]}) == SHORT


def test_both_voices_take_the_same_time_to_say_it() -> None:
    with wave.open(io.BytesIO(riff(sound("hello", PIPER_RATE), PIPER_RATE))) as file:
        seconds = file.getnframes() / file.getframerate()
    assert seconds == pytest.approx(len(sound("hello", OPENAI_RATE)) / 2 / OPENAI_RATE)


async def test_openais_client_reads_the_answer(url: str) -> None:
    def ask() -> str:
        with OpenAI(base_url=url, api_key="any") as client:
            said = client.chat.completions.create(
                model="null", messages=[{"role": "user", "content": "Hello!"}], stream=True
            )
            return "".join(chunk.choices[0].delta.content or "" for chunk in said)

    assert await asyncio.to_thread(ask) == SHORT


async def test_our_own_voice_client_hears_it(url: str) -> None:
    voice = await RemoteVoice.connect(url, "null")
    async with aclosing(voice.speak("hello")) as chunks:
        heard = sum([chunk.samples.size async for chunk in chunks])
    await voice.close()
    assert heard == int(len("hello") * CHAR_S * OPENAI_RATE)
