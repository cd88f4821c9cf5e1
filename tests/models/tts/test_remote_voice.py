"""A voice elsewhere: our own server speaks for another, with marks, errors and all."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import numpy as np
import pytest

from models.tts import SpeechChunk, SynthesisError
from models.tts.remote_voice import RATE, RemoteVoice, samples_of
from tests.support.rest import BEARER, KEY, WITH_KEY, Client, rest_client

pytestmark = pytest.mark.socket

TEXT = "The window is open, and the wind comes in."


def address(client: Client) -> str:
    return str(client.make_url("/v1"))


async def said(voice: RemoteVoice, text: str, **manner: object) -> list[SpeechChunk]:
    async with aclosing(voice.speak(text, **manner)) as chunks:  # type: ignore[arg-type]
        return [chunk async for chunk in chunks]


async def test_another_voice_server_speaks() -> None:
    async with rest_client() as client:
        voice = await RemoteVoice.connect(address(client), "tts-1")
        assert voice.name.startswith("remote:127.0.0.1:")
        assert [listed.id for listed in voice.voices][:1] == ["hum"]
        chunks = await said(voice, TEXT)
        await voice.close()
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert samples.size > RATE
    assert np.abs(samples).max() > 1000


async def test_every_word_is_marked_before_its_audio_leaves() -> None:
    async with rest_client() as client:
        voice = await RemoteVoice.connect(address(client), "tts-1")
        chunks = await said(voice, TEXT)
        await voice.close()
    made = 0
    for chunk in chunks:
        end = made + chunk.samples.size
        assert all(made <= mark.start_sample <= mark.end_sample <= end for mark in chunk.marks)
        made = end
    marks = [mark for chunk in chunks for mark in chunk.marks]
    assert [TEXT[mark.start_char : mark.end_char] for mark in marks] == TEXT.split()
    assert not any(mark.exact for mark in marks)


async def test_nothing_to_say_asks_nobody() -> None:
    voice = await RemoteVoice.connect("http://127.0.0.1:9", "tts-1")
    assert voice.voices[0].id == "alloy"
    assert await said(voice, "…") == []
    with pytest.raises(SynthesisError, match=r"http://127\.0\.0\.1:9/v1 cannot be used"):
        await said(voice, TEXT)
    await voice.close()


async def test_a_key_opens_the_door() -> None:
    async with rest_client(*WITH_KEY) as client:
        stranger = await RemoteVoice.connect(address(client), "tts-1")
        with pytest.raises(SynthesisError, match="answers 401: it wants a key"):
            await said(stranger, TEXT)
        friend = await RemoteVoice.connect(address(client), "tts-1", KEY)
        assert BEARER["Authorization"].endswith(KEY)
        assert await said(friend, TEXT)
        await stranger.close()
        await friend.close()


async def test_samples_that_are_cut_in_the_middle_are_whole_again() -> None:
    wave = np.arange(-5000, 5000, dtype="<i2")
    data = wave.tobytes()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 333):
            yield data[start : start + 333]

    chunks = [chunk.samples async for chunk in samples_of(pieces())]
    assert np.array_equal(np.concatenate(chunks), wave)
