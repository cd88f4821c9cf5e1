"""Every endpoint is where OpenAI's clients look for it, behind the same door."""

import asyncio

import pytest

from tests.support.chat_endpoint import Answer, Step, chat_endpoint, delta, whole_answer
from tests.support.rest import rest_client, rest_server

pytestmark = pytest.mark.socket

KEY = "a-key-of-enough-letters"

ENDPOINTS = [
    ("GET", "/v1/models"),
    ("GET", "/v1/models/whisper-1"),
    ("GET", "/v1/audio/voices"),
    ("POST", "/v1/audio/transcriptions"),
    ("POST", "/v1/audio/translations"),
    ("POST", "/v1/audio/speech"),
    ("POST", "/v1/chat/completions"),
]


async def test_nobody_without_a_key_gets_anything() -> None:
    async with rest_client(f'auth.keys=["{KEY}"]') as client:
        for method, path in ENDPOINTS:
            async with client.request(method, path) as response:
                assert response.status == 401, path
                assert (await response.json())["error"]["code"] == "invalid_api_key"


async def test_what_is_wrong_is_answered_in_openais_words() -> None:
    async with rest_client() as client:
        for method, path in ENDPOINTS:
            if method == "GET":
                continue
            async with client.request(method, path) as response:
                assert response.status == 400, path
                assert (await response.json())["error"]["type"] == "invalid_request_error"


async def test_models_are_listed_and_looked_up() -> None:
    async with rest_client() as client:
        async with client.get("/v1/models") as response:
            listed = (await response.json())["data"]
        for entry in listed:
            async with client.get(f"/v1/models/{entry['id']}") as response:
                assert await response.json() == entry
        async with client.get("/v1/models/somebody/else") as response:
            assert response.status == 404


async def test_streams_have_the_pages_policy_too() -> None:
    async with (
        rest_client() as client,
        client.post("/v1/audio/speech", json={"input": "Hello."}) as response,
    ):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.content_type == "audio/mpeg"


async def test_a_restart_waits_for_answers_that_have_begun() -> None:
    answer = Answer([delta("Hello"), Step.PAUSE, *whole_answer(" there.").steps])
    asked = {"messages": [{"role": "user", "content": "Hello?"}], "stream": True}
    async with (
        chat_endpoint(answer) as endpoint,
        rest_server(f"llm.engine={endpoint.url}") as (server, client),
    ):
        async with client.post("/v1/chat/completions", json=asked) as response:
            drained = asyncio.create_task(server.drain(asyncio.Event()))
            await asyncio.sleep(0)
            async with client.get("/v1/models") as refused:
                assert refused.status == 503
            assert not drained.done()
            endpoint.resume.set()
            assert (await response.read()).endswith(b"data: [DONE]\n\n")
        await drained
