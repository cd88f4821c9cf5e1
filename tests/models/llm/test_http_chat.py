"""The client of chat endpoints, against one that fails in every way we know."""

import asyncio
import socket
from contextlib import aclosing, closing

import pytest

from models.llm import (
    ChatError,
    ChatFailure,
    ChatOptions,
    Completed,
    PrefixWarmer,
    TextDelta,
    Tool,
    chat_answer,
)
from models.llm.http_chat import Endpoint
from models.llm.openai_chat import openai_chat
from tests.support.chat_endpoint import (
    DONE,
    Answer,
    Step,
    call_delta,
    chat_endpoint,
    delta,
    event,
    whole_answer,
)
from tests.support.chat_model import (
    QUESTION,
    SECRET,
    Watched,
    ask,
    failure_of,
    model_at,
    pieces_of,
)

pytestmark = pytest.mark.socket


async def test_a_reply_streams_and_completes() -> None:
    async with chat_endpoint() as endpoint, model_at(endpoint) as model:
        text, completed = await ask(model, ChatOptions(request_id="s1-t2", max_tokens=99))
    assert text == "Hello there."
    assert completed == Completed("stop", prompt_tokens=9, completion_tokens=2, cached_tokens=4)
    (asked,) = endpoint.asked
    assert asked.headers["X-Request-Id"] == "s1-t2"
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.body["max_tokens"] == 99
    assert asked.body["messages"][1] == {"role": "user", "content": SECRET}
    assert not endpoint.hung_up.is_set()


async def test_tokens_arrive_while_the_endpoint_is_still_at_work() -> None:
    answer = Answer([delta("Hello"), Step.HANG])
    async with (
        chat_endpoint(answer) as endpoint,
        model_at(endpoint) as model,
        aclosing(model.reply(QUESTION, ChatOptions())) as values,
    ):
        assert await anext(values) == TextDelta("Hello")
        await endpoint.hanging.wait()


async def test_closing_the_stream_hangs_up() -> None:
    answer = Answer([delta("Once"), delta(" upon"), Step.HANG])
    async with chat_endpoint(answer) as endpoint, model_at(endpoint) as model:
        async with aclosing(model.reply(QUESTION, ChatOptions())) as values:
            await anext(values)
        await endpoint.hung_up.wait()


@pytest.mark.parametrize("steps", [[Step.HANG], [delta("Once"), Step.HANG]])
async def test_cancelling_the_task_hangs_up(steps: list[bytes | Step]) -> None:
    async with chat_endpoint(Answer(steps)) as endpoint, model_at(endpoint) as model:
        task = asyncio.create_task(ask(model))
        await endpoint.hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await endpoint.hung_up.wait()


async def test_replies_share_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_answer, "_DRAIN_S", 10)
    answer = Answer([delta("Hi."), DONE, Step.PAUSE])
    async with chat_endpoint(answer) as endpoint, model_at(endpoint) as model:
        async with aclosing(model.reply(QUESTION, ChatOptions())) as values:
            async for value in values:
                if isinstance(value, Completed):
                    endpoint.resume.set()
        await ask(model)
    assert len(endpoint.asked) == 2
    assert len(endpoint.connections) == 1


_OVERLOADED = event({"error": {"message": SECRET, "type": "Overloaded", "code": 503}})


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(Answer(status=500), id="500"),
        pytest.param(Answer(status=503), id="503"),
        pytest.param(Answer(status=429, headers={"Retry-After": "0"}), id="429"),
        pytest.param(Answer([Step.DROP]), id="dropped before an answer"),
        pytest.param(Answer([_OVERLOADED]), id="503 in the stream"),
    ],
)
async def test_one_retry_before_the_first_token(first: Answer) -> None:
    async with chat_endpoint(first, whole_answer("Hi.")) as endpoint, model_at(endpoint) as model:
        assert (await ask(model))[0] == "Hi."
    assert len(endpoint.asked) == 2


async def test_a_second_failure_is_final() -> None:
    async with chat_endpoint(Answer(status=503)) as endpoint, model_at(endpoint) as model:
        error, _ = await failure_of(model)
    assert error.failure is ChatFailure.UNREACHABLE
    assert len(endpoint.asked) == 2


async def test_a_long_retry_after_is_not_waited_for() -> None:
    busy = Answer(status=429, headers={"Retry-After": "60"})
    async with chat_endpoint(busy, whole_answer("Hi.")) as endpoint, model_at(endpoint) as model:
        await failure_of(model)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 422])
async def test_refusals_are_not_retried(status: int) -> None:
    refusal = Answer([SECRET.encode()], status, {"Location": "/elsewhere"})
    async with chat_endpoint(refusal) as endpoint, model_at(endpoint) as model:
        error, _ = await failure_of(model)
    assert error.failure is ChatFailure.REFUSED
    assert len(endpoint.asked) == 1


async def test_fields_that_a_server_refuses_are_left_out_from_then_on() -> None:
    refusals = [
        Answer([b'{"error": {"message": "unknown field stream_options"}}'], 400),
        Answer([b'{"error": {"message": "Use \'max_completion_tokens\' instead."}}'], 422),
    ]
    async with (
        chat_endpoint(*refusals, whole_answer("Hi.")) as endpoint,
        model_at(endpoint) as model,
    ):
        assert (await ask(model))[0] == "Hi."
        await ask(model)
    bodies = [asked.body for asked in endpoint.asked]
    assert ["stream_options" in body for body in bodies] == [True, False, False, False]
    assert ["max_tokens" in body for body in bodies] == [True, True, False, False]


async def test_a_call_is_not_tried_again() -> None:
    answer = Answer([call_delta(0, "c1", "clock", "{"), _OVERLOADED])
    async with chat_endpoint(answer) as endpoint, model_at(endpoint) as model:
        with pytest.raises(ChatError, match="Overloaded"):
            await pieces_of(model, ChatOptions(tools=(Tool("clock"),)))
    assert len(endpoint.asked) == 1


async def test_nobody_listens() -> None:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        model = openai_chat(Endpoint(url, "tiny"))
        error, _ = await failure_of(model)
        await model.close()
    assert error.failure is ChatFailure.UNREACHABLE
    assert f"{url}/v1" in str(error)


async def test_too_many_replies_at_once_are_refused() -> None:
    one, watched = Endpoint("", "tiny", streams_max=1), Watched()
    answers = (Answer([delta("Hi"), Step.HANG]), whole_answer("Hi."))
    async with (
        chat_endpoint(*answers) as endpoint,
        model_at(endpoint, one, watcher=watched) as model,
    ):
        async with aclosing(model.reply(QUESTION, ChatOptions())) as values:
            await anext(values)
            error, _ = await failure_of(model)
            assert not await model.warm(QUESTION, ChatOptions()), "nor is anything sent ahead"
        assert error.failure is ChatFailure.REFUSED
        assert watched.seen == [("limit", "llm_streams")]
        assert (await ask(model))[0] == "Hi.", "and the place is free again"


async def test_many_replies_do_not_mix() -> None:
    answers = [whole_answer(f"reply {index}", " ends.") for index in range(8)]
    async with chat_endpoint(*answers) as endpoint, model_at(endpoint) as model:
        replies = await asyncio.gather(*(ask(model) for _ in answers))
    assert {text for text, _ in replies} == {f"reply {index} ends." for index in range(8)}


async def test_auto_takes_the_first_chat_model_and_the_key_is_sent() -> None:
    models = [{"id": "nomic-embed-text"}, {"id": "qwen"}, {"id": "llama"}]
    async with chat_endpoint(models=models) as endpoint:
        base = endpoint.url.removesuffix("/v1")
        how = Endpoint(base, api_key="k-123", label="vllm")
        model = openai_chat(how, disable_thinking=True)
        assert model.name == "vllm:auto"
        await ask(model)
        await model.close()
    assert model.name == "vllm:qwen"
    (asked,) = endpoint.asked
    assert asked.headers["Authorization"] == "Bearer k-123"
    assert asked.body["model"] == "qwen"
    assert asked.body["chat_template_kwargs"] == {"enable_thinking": False}


async def test_auto_asks_again_when_the_model_is_gone() -> None:
    models = [{"id": "old"}]
    async with chat_endpoint(Answer(status=404), whole_answer("Hi."), models=models) as endpoint:
        model = openai_chat(Endpoint(endpoint.url))
        await failure_of(model)
        models[0]["id"] = "new"
        await ask(model)
        await model.close()
    assert [asked.body["model"] for asked in endpoint.asked] == ["old", "new"]


async def test_auto_without_a_chat_model_is_refused() -> None:
    async with chat_endpoint(models=[{"id": "whisper-1"}]) as endpoint:
        model = openai_chat(Endpoint(endpoint.url))
        error, _ = await failure_of(model)
    assert error.failure is ChatFailure.REFUSED
    assert "serves no chat model" in str(error)


async def test_an_address_that_lacks_v1_is_put_right() -> None:
    async with chat_endpoint(prefix="/openai/v1") as endpoint:
        model = openai_chat(Endpoint(endpoint.url.removesuffix("/v1")))
        assert (await ask(model))[0] == "Hello there."
        await model.close()
        named = openai_chat(Endpoint(endpoint.url.removesuffix("/v1"), "tiny"))
        await named.check()
        assert (await ask(named))[0] == "Hello there."
        await named.close()


@pytest.mark.parametrize(
    ("api_key", "says"),
    [("", "needs an API key, and none is"), ("k-1", "does not take the configured API key")],
)
async def test_a_key_that_is_needed(api_key: str, says: str) -> None:
    async with chat_endpoint(Answer(status=401), models=Answer(status=401)) as endpoint:
        for name in ("auto", "tiny"):
            async with model_at(endpoint, Endpoint("", name, api_key=api_key)) as model:
                with pytest.raises(ChatError, match=says):
                    await model.check()
        async with model_at(endpoint, Endpoint("", "tiny", api_key=api_key)) as model:
            error, _ = await failure_of(model)
    assert says in str(error)


async def test_a_model_that_is_not_served_is_told_from_those_that_are() -> None:
    models = [{"id": "Qwen3-8B"}, {"id": "Qwen3-4B"}, {"id": "gemma"}]
    async with chat_endpoint(models=models) as endpoint:
        async with model_at(endpoint, Endpoint("", "qwen3-8b")) as model:
            with pytest.raises(ChatError, match=r"does not serve 'qwen3-8b'\. It serves Qwen3-8B"):
                await model.check()
        async with model_at(endpoint, Endpoint("", "gemma")) as model:
            await model.check()


@pytest.mark.parametrize("models", [Answer(status=404), Answer([b"<html>"]), ()])
async def test_a_named_model_needs_no_list(models: object) -> None:
    async with chat_endpoint(models=models) as endpoint, model_at(endpoint) as model:
        await model.check()


async def test_a_prompt_is_sent_ahead() -> None:
    watched = Watched()
    async with chat_endpoint() as endpoint, model_at(endpoint, watcher=watched) as model:
        assert isinstance(model, PrefixWarmer)
        assert await model.warm(QUESTION, ChatOptions(max_tokens=99, tools=(Tool("clock"),)))
    (asked,) = endpoint.asked
    assert asked.body["max_tokens"] == 1
    assert asked.body["tools"]
    assert asked.body["messages"][1]["content"] == SECRET
    assert watched.seen == [("warmed", 4)]


async def test_a_prompt_that_cannot_be_sent_ahead_is_no_error() -> None:
    async with chat_endpoint(Answer(status=503)) as endpoint, model_at(endpoint) as model:
        assert not await model.warm(QUESTION, ChatOptions())
    assert len(endpoint.asked) == 1, "and it is not tried again"


async def test_nothing_is_sent_ahead_where_it_costs() -> None:
    async with (
        chat_endpoint() as endpoint,
        model_at(endpoint, Endpoint("", "tiny", warm_ups=False)) as model,
    ):
        assert not await model.warm(QUESTION, ChatOptions())
    assert not endpoint.asked


async def test_who_watches_is_told() -> None:
    watched = Watched()
    answers = (whole_answer("Hi."), Answer(status=400))
    async with chat_endpoint(*answers) as endpoint, model_at(endpoint, watcher=watched) as model:
        await ask(model)
        await failure_of(model)
    assert watched.seen == [("replied", "stop"), ("failed", ChatFailure.REFUSED)]


async def test_a_closed_model_fails_what_is_under_way() -> None:
    answer = Answer([delta("Hi"), Step.HANG])
    async with (
        chat_endpoint(answer) as endpoint,
        model_at(endpoint) as model,
        aclosing(model.reply(QUESTION, ChatOptions())) as values,
    ):
        await anext(values)
        await model.close()
        with pytest.raises(ChatError, match="shutting down"):
            await anext(values)
        await failure_of(model)
