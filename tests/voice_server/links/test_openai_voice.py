"""Speech is streamed in the format that was asked for."""

import base64
import json
from dataclasses import replace

import pytest

from models.llm.sse import EventStream
from models.scripted import ScriptedSynthesizer, VoiceScript
from tests.support.rest import BEARER, WITH_KEY, Client, rest_client, rest_server, spent
from voice_server.links.openai_voice import RATE

pytestmark = pytest.mark.socket

PATH = "/v1/audio/speech"
TEXT = "Hello there. How are you?"
MS_PER_CHAR = 60
CLAUSE_CHARS = len(TEXT) - 1
"""The space between the clauses is not spoken."""


async def speech(client: Client, **fields: object) -> tuple[int, str, bytes]:
    async with client.post(PATH, json={"input": TEXT, **fields}) as response:
        return response.status, response.content_type, await response.read()


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.0, 2.0, 4.0])
async def test_pcm_has_the_length_that_the_speed_asks_for(speed: float) -> None:
    async with rest_client() as client:
        status, content_type, audio = await speech(client, response_format="pcm", speed=speed)
    assert (status, content_type) == (200, "audio/pcm")
    seconds = CLAUSE_CHARS * MS_PER_CHAR / 1000 / speed
    assert len(audio) / 2 / RATE == pytest.approx(seconds, rel=0.05)


async def test_events_carry_the_same_audio() -> None:
    async with rest_client() as client:
        _, _, plain = await speech(client, response_format="wav")
        _, content_type, stream = await speech(client, response_format="wav", stream_format="sse")
    assert content_type == "text/event-stream"
    *events, done, end = EventStream().feed(stream)
    assert b"".join(base64.b64decode(json.loads(one)["audio"]) for one in events) == plain
    assert json.loads(done)["type"] == "speech.audio.done"
    assert end == "[DONE]"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"input": "😀"}, "There is nothing to say: input has no letters or digits."),
        ({"voice": "nobody"}, "voice: there is no voice 'nobody'"),
        ({"input": "x" * 101}, "input has 101 characters; 100 are allowed."),
    ],
)
async def test_what_cannot_be_said_is_explained(fields: dict[str, str], says: str) -> None:
    async with rest_client("rest.speech_chars_max=100") as client:
        status, _, body = await speech(client, **fields)
    assert status == 400
    assert json.loads(body)["error"]["message"].startswith(says)


async def test_a_voice_that_fails_has_a_status() -> None:
    broken = ScriptedSynthesizer(VoiceScript(fail=True))
    async with rest_client(adapt=lambda it: replace(it, synthesizer=broken)) as client:
        status, _, body = await speech(client, response_format="pcm")
    assert status == 500
    assert json.loads(body)["error"]["code"] == "tts_failed"


async def test_voices_are_listed() -> None:
    async with rest_client() as client, client.get("/v1/audio/voices") as response:
        assert (await response.json())["voices"][0]["id"] == "hum"


async def test_what_is_read_out_is_charged_and_ends_with_the_budget() -> None:
    async with rest_server(*WITH_KEY, "budgets.tts_chars_max=30") as (server, client):
        statuses = []
        for _ in range(2):
            body = {"input": "The window is open."}
            async with client.post("/v1/audio/speech", json=body, headers=BEARER) as response:
                statuses.append(response.status)
                await response.read()
        assert statuses == [200, 429]
        assert (await spent(server))["tts_chars"] == len("The window is open.")
