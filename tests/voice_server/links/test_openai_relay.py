"""Conversations are passed on to the language model, and its failures have a status."""

import json
from dataclasses import replace

import pytest

from models.llm.sse import EventStream
from models.scripted import ChatScript, ScriptedChat
from tests.support.chat_endpoint import (
    DONE,
    Step,
    call_delta,
    chat_endpoint,
    delta,
    finish,
    whole_answer,
)
from tests.support.chat_endpoint import Answer as Scripted
from tests.support.rest import BEARER, WITH_KEY, Client, rest_client, rest_server, spent

pytestmark = pytest.mark.socket

PATH = "/v1/chat/completions"
ASKED = {"messages": [{"role": "user", "content": "Hello?"}]}


async def ask(client: Client, **fields: object) -> tuple[int, bytes]:
    async with client.post(PATH, json={**ASKED, **fields}) as response:
        return response.status, await response.read()


async def test_an_endpoint_is_asked_and_answers() -> None:
    async with (
        chat_endpoint(whole_answer("Hello", " there.")) as endpoint,
        rest_client(f"llm.engine={endpoint.url}", "rest.chat_tokens_max=50") as client,
    ):
        status, body = await ask(client, max_tokens=5000, temperature=0.5)
        answer = json.loads(body)
        (asked,) = endpoint.asked
    assert status == 200
    assert answer["choices"][0]["message"]["content"] == "Hello there."
    assert answer["usage"]["total_tokens"] == 11
    assert asked.body["messages"] == ASKED["messages"]
    assert (asked.body["max_tokens"], asked.body["temperature"]) == (50, 0.5)


async def test_text_is_passed_on_before_the_answer_is_whole() -> None:
    answer = Scripted([delta("Hello"), Step.PAUSE, *whole_answer(" there.").steps])
    async with (
        chat_endpoint(answer) as endpoint,
        rest_client(f"llm.engine={endpoint.url}") as client,
        client.post(PATH, json={**ASKED, "stream": True}) as response,
    ):
        received = b""
        while b'"content":"Hello"' not in received:
            received += await response.content.readany()
        endpoint.resume.set()
        received += await response.read()
    assert EventStream().feed(received)[-1] == "[DONE]"


TOOLS = [{"type": "function", "function": {"name": name}} for name in ("clock", "lamp")]


@pytest.mark.parametrize(("parallel", "called"), [(True, ["clock", "lamp"]), (False, ["clock"])])
async def test_tool_calls_are_passed_on(parallel: bool, called: list[str]) -> None:
    chunks = [call_delta(0, "c0", "clock", '{"a'), call_delta(1, "c1", "lamp", "{}")]
    answer = Scripted([*chunks, call_delta(0, arguments='":1}'), finish("tool_calls"), DONE])
    async with (
        chat_endpoint(answer) as endpoint,
        rest_client(f"llm.engine={endpoint.url}") as client,
    ):
        _, whole = await ask(client, tools=TOOLS, parallel_tool_calls=parallel)
        _, streamed = await ask(client, tools=TOOLS, parallel_tool_calls=parallel, stream=True)
    choice = json.loads(whole)["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    calls = choice["message"]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == called
    assert calls[0]["function"]["arguments"] == '{"a":1}'
    *events, _end = EventStream().feed(streamed)
    deltas = [json.loads(event)["choices"][0]["delta"] for event in events]
    pieces = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert [call["function"]["name"] for call in pieces if "id" in call] == called
    first = [call["function"]["arguments"] for call in pieces if call["index"] == 0]
    assert first == ['{"a', '":1}']


async def test_a_client_that_leaves_ends_the_answer() -> None:
    answer = Scripted([delta("Hello"), Step.HANG])
    async with (
        chat_endpoint(answer) as endpoint,
        rest_client(f"llm.engine={endpoint.url}") as client,
    ):
        response = await client.post(PATH, json={**ASKED, "stream": True})
        await endpoint.hanging.wait()
        response.close()
        await endpoint.hung_up.wait()


@pytest.mark.parametrize(
    ("fail", "status"), [("unreachable", 503), ("refused", 502), ("hang_first", 504)]
)
@pytest.mark.parametrize("stream", [True, False])
async def test_a_failure_has_a_status(fail: str, status: int, stream: bool) -> None:
    script = ChatScript(("Hello.",), fail=fail, timeout_ms=1)  # type: ignore[arg-type]
    async with rest_client(adapt=lambda it: replace(it, chat=ScriptedChat(script))) as client:
        found, body = await ask(client, stream=stream)
    assert found == status
    assert json.loads(body)["error"]["type"] == "server_error"


async def test_an_answer_that_breaks_off_says_so() -> None:
    script = ChatScript(("One two three four.",), fail="break_middle")
    async with rest_client(adapt=lambda it: replace(it, chat=ScriptedChat(script))) as client:
        _, body = await ask(client, stream=True)
    *_, last = EventStream().feed(body)
    assert json.loads(last)["error"]["message"] == "The scripted LLM breaks off, as asked."


async def charged(**fields: object) -> int:
    """What one completion costs its user, if the model writes eleven letters."""
    answer = whole_answer("Hello", " there.")
    async with (
        chat_endpoint(answer) as endpoint,
        rest_server(*WITH_KEY, f"llm.engine={endpoint.url}") as (server, client),
    ):
        body = {**ASKED, **fields}
        async with client.post(PATH, json=body, headers=BEARER) as response:
            assert response.status == 200
            await response.read()
        return (await spent(server))["llm_tokens"]


async def test_tokens_are_charged_streamed_or_not() -> None:
    assert await charged() == await charged(stream=True) > 0


async def test_more_than_is_left_is_refused_before_the_model_is_asked() -> None:
    async with (
        chat_endpoint(whole_answer("Hello.")) as endpoint,
        rest_server(*WITH_KEY, "budgets.llm_tokens_max=100", f"llm.engine={endpoint.url}") as (
            server,
            client,
        ),
    ):
        body = {**ASKED, "max_tokens": 200}
        async with client.post(PATH, json=body, headers=BEARER) as response:
            assert response.status == 429
            error = (await response.json())["error"]
        assert (error["code"], endpoint.asked) == ("insufficient_quota", [])
        assert (await spent(server))["llm_tokens"] == 0
