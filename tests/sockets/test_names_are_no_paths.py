"""S-21: names of voices, languages and models are looked up; they are no paths and no addresses."""

import io

import aiohttp
import pytest
import soundfile

from tests.support.server import ServerProcess
from tests.support.speech import say
from tests.support.voice_client import connected

pytestmark = pytest.mark.socket

ANSWER_BYTES_MAX = 1000
"""A long name is not repeated whole."""

each_name = pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "..\\..\\etc\\passwd",
        "file:///etc/passwd",
        "http://127.0.0.1:1/x",
        "en\0us",
        "x" * 10_000,
    ],
    ids=lambda name: repr(name)[:24],
)


@each_name
async def test_a_session_refuses_them_and_goes_on(server: ServerProcess, name: str) -> None:
    async with connected(server.url) as client:
        await client.send("config.update", config={"voice": name})
        await client.send("config.update", config={"language": name})
        await client.send("say", text="Hello.", voice=name)
        for _ in range(3):
            error = await client.wait_for("error")
            assert (error["code"], error["fatal"]) == ("bad_request", False)
            assert len(error["message"]) < ANSWER_BYTES_MAX
        await client.send("say", text="Hello.")
        assert (await client.wait_for("response.done"))["status"] == "completed"


@each_name
@pytest.mark.parametrize("field", ["voice", "model"])
async def test_speech_refuses_them(server: ServerProcess, field: str, name: str) -> None:
    asked = {"model": "tts-1", "input": "Hello.", field: name}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}v1/audio/speech", json=asked) as answer,
    ):
        assert answer.status in (400, 404)
        assert len(await answer.read()) < ANSWER_BYTES_MAX


@each_name
@pytest.mark.parametrize("field", ["language", "model"])
async def test_transcriptions_refuse_them(server: ServerProcess, field: str, name: str) -> None:
    """The name of the uploaded file means nothing at all."""
    recording = io.BytesIO()
    soundfile.write(recording, say("Hello."), 16_000, format="WAV")
    form = aiohttp.FormData({field: name})
    form.add_field("file", recording.getvalue(), filename="../../etc/passwd")
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}v1/audio/transcriptions", data=form) as answer,
    ):
        assert answer.status in (400, 404)
        assert len(await answer.read()) < ANSWER_BYTES_MAX


@each_name
async def test_chat_and_the_list_of_models_refuse_them(server: ServerProcess, name: str) -> None:
    asked = {"model": name, "messages": [{"role": "user", "content": "Hello."}]}
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{server.url}v1/chat/completions", json=asked) as answer:
            assert answer.status == 404
        async with http.get(f"{server.url}v1/models/{name}") as answer:
            assert answer.status in (400, 404)
            assert b"root:" not in await answer.read()


@each_name
async def test_a_session_to_come_back_to_is_looked_up(server: ServerProcess, name: str) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{server.url}v1/voice", params={"sid": name}) as answer,
    ):
        assert answer.status in (400, 426)
