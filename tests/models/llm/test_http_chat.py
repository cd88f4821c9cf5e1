"""The client of OpenAI-compatible endpoints, against one that fails in every way we know."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, closing

import pytest

from models.llm import (
    ChatError,
    ChatFailure,
    ChatModel,
    ChatOptions,
    Completed,
    Message,
    ReplyPiece,
    TextDelta,
    Tool,
    ToolCallDelta,
    openai_chat,
)
from models.llm.call_stream import CallLimits
from models.llm.openai_chat import ChatTimeouts, OpenAIChat
from tests.support.chat_endpoint import (
    DONE,
    Answer,
    ChatEndpoint,
    Step,
    call_delta,
    chat_endpoint,
    delta,
    event,
    finish,
    whole_answer,
)

pytestmark = pytest.mark.socket

_SECRET = "Nobody may read this in a log."
_QUESTION = [Message("system", "Be brief."), Message("user", _SECRET)]
_QUICK = ChatTimeouts(first_token_s=0.2, between_tokens_s=0.2, usage_s=0.2)


@asynccontextmanager
async def _model_at(
    endpoint: ChatEndpoint, *, timeouts: ChatTimeouts | None = None, streams_max: int = 256
) -> AsyncGenerator[OpenAIChat, None]:
    model = OpenAIChat(endpoint.url, "tiny", timeouts=timeouts, streams_max=streams_max)
    try:
        yield model
    finally:
        await model.close()


async def _ask(model: ChatModel, **options: int | str) -> tuple[str, Completed]:
    """Ask for a whole reply: its text, and how it ended."""
    text, completed = "", None
    stream = model.reply(_QUESTION, ChatOptions(**options))  # type: ignore[arg-type]
    async with aclosing(stream) as values:
        async for value in values:
            assert completed is None, "Completed comes last"
            match value:
                case TextDelta():
                    text += value.text
                case Completed():
                    completed = value
                case _:
                    raise AssertionError("no tool was offered")
    assert completed is not None
    return text, completed


async def _failure_of(model: ChatModel) -> tuple[ChatError, str]:
    """Ask for a reply that fails: the error, and the text that came before it."""
    text = ""
    with pytest.raises(ChatError) as caught:
        async with aclosing(model.reply(_QUESTION, ChatOptions())) as values:
            async for value in values:
                assert isinstance(value, TextDelta), "what fails is not completed"
                text += value.text
    assert _SECRET not in str(caught.value)
    return caught.value, text


async def test_a_reply_streams_and_completes() -> None:
    async with chat_endpoint() as endpoint, _model_at(endpoint) as model:
        text, completed = await _ask(model, request_id="s1-t2", max_tokens=99)
    assert text == "Hello there."
    assert completed == Completed("stop", prompt_tokens=9, completion_tokens=2, cached_tokens=4)
    (asked,) = endpoint.asked
    assert asked.headers["X-Request-Id"] == "s1-t2"
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.body["max_tokens"] == 99
    assert asked.body["messages"][1] == {"role": "user", "content": _SECRET}
    assert not endpoint.hung_up.is_set()


async def test_tokens_arrive_while_the_endpoint_is_still_at_work() -> None:
    answer = Answer([delta("Hello"), Step.HANG])
    async with (
        chat_endpoint(answer) as endpoint,
        _model_at(endpoint) as model,
        aclosing(model.reply(_QUESTION, ChatOptions())) as values,
    ):
        assert await anext(values) == TextDelta("Hello")
        await endpoint.hanging.wait()


async def test_closing_the_stream_hangs_up() -> None:
    answer = Answer([delta("Once"), delta(" upon"), Step.HANG])
    async with chat_endpoint(answer) as endpoint, _model_at(endpoint) as model:
        async with aclosing(model.reply(_QUESTION, ChatOptions())) as values:
            await anext(values)
        await endpoint.hung_up.wait()


@pytest.mark.parametrize("steps", [[Step.HANG], [delta("Once"), Step.HANG]])
async def test_cancelling_the_task_hangs_up(steps: list[bytes | Step]) -> None:
    async with chat_endpoint(Answer(steps)) as endpoint, _model_at(endpoint) as model:
        task = asyncio.create_task(_ask(model))
        await endpoint.hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await endpoint.hung_up.wait()


async def test_replies_share_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_chat, "_DRAIN_S", 10)
    answer = Answer([delta("Hi."), DONE, Step.PAUSE])
    async with chat_endpoint(answer) as endpoint, _model_at(endpoint) as model:
        async with aclosing(model.reply(_QUESTION, ChatOptions())) as values:
            async for value in values:
                if isinstance(value, Completed):
                    endpoint.resume.set()
        await _ask(model)
    assert len(endpoint.asked) == 2
    assert len(endpoint.connections) == 1


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([delta("Hi."), finish()], id="no DONE, the stream just ends"),
        pytest.param([delta("Hi."), DONE], id="no finish reason"),
        pytest.param([delta("Hi."), finish(), Step.HANG], id="hangs after the finish reason"),
        pytest.param([delta("Hi."), finish(), Step.DROP], id="drops after the finish reason"),
        pytest.param([delta("Hi."), finish(), b"data: garbage\n\n"], id="garbage after it"),
        pytest.param([b": wait\n\n", delta("Hi."), b": wait\n\n", DONE], id="comments"),
        pytest.param([event({"choices": []}), delta("Hi."), DONE], id="empty choices"),
        pytest.param([delta("", reasoning_content="Hm."), delta("Hi."), DONE], id="reasoning"),
        pytest.param([delta("Hi.")[:20], delta("Hi.")[20:], DONE], id="cut anywhere"),
        pytest.param([delta("Hi.").replace(b"\n", b"\r\n"), DONE], id="CRLF"),
    ],
)
async def test_odd_streams_that_are_whole(steps: list[bytes | Step]) -> None:
    timeouts = ChatTimeouts(usage_s=0.2)
    answer = Answer(steps)
    async with chat_endpoint(answer) as endpoint, _model_at(endpoint, timeouts=timeouts) as model:
        text, completed = await _ask(model)
    assert (text, completed.reason) == ("Hi.", "stop")
    assert len(endpoint.asked) == 1


async def test_a_character_cut_by_the_network_is_whole() -> None:
    whole = delta("süß €")
    cut = whole.index("€".encode()) + 1
    answer = Answer([whole[:cut], whole[cut:], DONE])
    async with chat_endpoint(answer) as endpoint, _model_at(endpoint) as model:
        assert (await _ask(model))[0] == "süß €"


async def test_the_length_limit_is_reported() -> None:
    answer = Answer([delta("One two"), finish("length"), DONE])
    async with chat_endpoint(answer) as endpoint, _model_at(endpoint) as model:
        assert (await _ask(model))[1].reason == "length"


async def test_an_endpoint_that_ignores_max_tokens_is_cut_short() -> None:
    answer = Answer([delta("word ") * 1000, Step.HANG])
    async with chat_endpoint(answer) as endpoint, _model_at(endpoint) as model:
        text, completed = await _ask(model, max_tokens=10)
        assert completed.reason == "length"
        assert len(text) < 200
        await endpoint.hung_up.wait()


@pytest.mark.parametrize(
    ("steps", "failure", "heard"),
    [
        pytest.param([Step.HANG], ChatFailure.TIMED_OUT, "", id="hangs at once"),
        pytest.param([delta("Hi"), Step.HANG], ChatFailure.TIMED_OUT, "Hi", id="hangs"),
        pytest.param(
            [delta("", reasoning_content="Hm.")] * 3 + [Step.HANG],
            ChatFailure.TIMED_OUT,
            "",
            id="only thinks",
        ),
        pytest.param([delta("Hi"), Step.DROP], ChatFailure.BROKEN, "Hi", id="drops"),
        pytest.param([delta("Hi")], ChatFailure.BROKEN, "Hi", id="ends early"),
        pytest.param([], ChatFailure.BROKEN, "", id="ends without a word"),
        pytest.param([delta("Hi"), b"data: {garbage\n\n"], ChatFailure.BROKEN, "Hi", id="garbage"),
        pytest.param(
            [delta("Hi"), b"data: ", *[b"x" * 65_536] * 160], ChatFailure.BROKEN, "Hi", id="10 MB"
        ),
        pytest.param(
            [delta("Hi"), event({"error": {"message": _SECRET, "code": 503}})],
            ChatFailure.BROKEN,
            "Hi",
            id="error after text",
        ),
        pytest.param(
            [event({"error": {"message": _SECRET, "code": 400}})],
            ChatFailure.REFUSED,
            "",
            id="refused in the stream",
        ),
        pytest.param([b'{"choices": []}\n'], ChatFailure.BROKEN, "", id="JSON, not a stream"),
    ],
)
async def test_streams_that_fail(
    steps: list[bytes | Step], failure: ChatFailure, heard: str
) -> None:
    async with chat_endpoint(Answer(steps)) as endpoint:
        async with _model_at(endpoint, timeouts=_QUICK) as model:
            error, text = await _failure_of(model)
        assert (error.failure, text) == (failure, heard)
        assert endpoint.url in str(error)
        assert len(endpoint.asked) == 1, "no retry once the stream began or timed out"


_OVERLOADED = event({"error": {"message": _SECRET, "type": "Overloaded", "code": 503}})


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
    async with chat_endpoint(first, whole_answer("Hi.")) as endpoint, _model_at(endpoint) as model:
        assert (await _ask(model))[0] == "Hi."
    assert len(endpoint.asked) == 2


async def test_a_second_failure_is_final() -> None:
    async with chat_endpoint(Answer(status=503)) as endpoint, _model_at(endpoint) as model:
        error, _ = await _failure_of(model)
    assert error.failure is ChatFailure.UNREACHABLE
    assert len(endpoint.asked) == 2


async def test_a_long_retry_after_is_not_waited_for() -> None:
    busy = Answer(status=429, headers={"Retry-After": "60"})
    async with chat_endpoint(busy, whole_answer("Hi.")) as endpoint, _model_at(endpoint) as model:
        await _failure_of(model)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 422])
async def test_refusals_are_not_retried(status: int) -> None:
    refusal = Answer([_SECRET.encode()], status, {"Location": "/elsewhere"})
    async with chat_endpoint(refusal) as endpoint, _model_at(endpoint) as model:
        error, _ = await _failure_of(model)
    assert error.failure is ChatFailure.REFUSED
    assert len(endpoint.asked) == 1


async def test_a_server_that_does_not_know_stream_options_is_asked_without() -> None:
    refusal = Answer([b'{"error": {"message": "unknown field stream_options"}}'], 400)
    answers = (refusal, whole_answer("Hi."))
    async with chat_endpoint(*answers) as endpoint, _model_at(endpoint) as model:
        assert (await _ask(model))[0] == "Hi."
        await _ask(model)
    sent = ["stream_options" in asked.body for asked in endpoint.asked]
    assert sent == [True, False, False], "and it is remembered"


_CLOCK = Tool("clock", "Tells the time.", {"type": "object"})


async def _call(model: ChatModel) -> list[ReplyPiece]:
    async with aclosing(model.reply(_QUESTION, ChatOptions(tools=(_CLOCK,)))) as values:
        return [value async for value in values]


@pytest.mark.parametrize("finished", [[finish("tool_calls")], [finish("stop")], []])
async def test_a_tool_is_called(finished: list[bytes]) -> None:
    call = [call_delta(0, "c1", "clock", ""), call_delta(0, arguments='{"zone":')]
    answer = Answer([delta("Wait."), *call, call_delta(0, arguments="1}"), *finished, DONE])
    async with chat_endpoint(answer) as endpoint, _model_at(endpoint) as model:
        pieces = await _call(model)
    assert pieces == [
        TextDelta("Wait."),
        ToolCallDelta("c1", "clock", ""),
        ToolCallDelta("c1", "clock", '{"zone":'),
        ToolCallDelta("c1", "clock", "1}"),
        Completed("tool_calls"),
    ]
    assert endpoint.asked[0].body["tools"][0]["function"]["name"] == "clock"


async def test_a_call_cut_short_says_so() -> None:
    answer = Answer([call_delta(0, "c1", "clock", '{"zo'), finish("length"), DONE])
    async with chat_endpoint(answer) as endpoint, _model_at(endpoint) as model:
        assert (await _call(model))[-1] == Completed("length")


async def test_a_finish_reason_without_a_call_is_a_stop() -> None:
    answer = Answer([delta("Hi."), finish("tool_calls"), DONE])
    async with chat_endpoint(answer) as endpoint, _model_at(endpoint) as model:
        assert (await _ask(model))[1].reason == "stop"


async def test_a_call_is_not_tried_again() -> None:
    answer = Answer([call_delta(0, "c1", "clock", "{"), _OVERLOADED])
    async with chat_endpoint(answer) as endpoint, _model_at(endpoint) as model:
        with pytest.raises(ChatError, match="Overloaded"):
            await _call(model)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ([call_delta(n, f"c{n}", "clock", "{}") for n in range(3)], "more than 2 tool calls"),
        ([call_delta(0, "c0", "clock", "x" * 101)], "more than 100 bytes of arguments"),
        ([call_delta(0, "c0", "", "{}")], "a tool without its name"),
    ],
)
async def test_calls_have_limits(steps: list[bytes], complaint: str) -> None:
    async with chat_endpoint(Answer([*steps, DONE])) as endpoint:
        model = OpenAIChat(endpoint.url, "tiny", call_limits=CallLimits(2, 100))
        with pytest.raises(ChatError, match=complaint) as caught:
            await _call(model)
        await model.close()
    assert caught.value.failure is ChatFailure.BROKEN


async def test_nobody_listens() -> None:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        model = OpenAIChat(url, "tiny")
        error, _ = await _failure_of(model)
        await model.close()
    assert error.failure is ChatFailure.UNREACHABLE
    assert f"{url}/v1" in str(error)


async def test_too_many_replies_at_once_are_refused() -> None:
    answers = (Answer([delta("Hi"), Step.HANG]), whole_answer("Hi."))
    async with chat_endpoint(*answers) as endpoint, _model_at(endpoint, streams_max=1) as model:
        async with aclosing(model.reply(_QUESTION, ChatOptions())) as values:
            await anext(values)
            error, _ = await _failure_of(model)
        assert error.failure is ChatFailure.REFUSED
        assert (await _ask(model))[0] == "Hi.", "and the place is free again"


async def test_many_replies_do_not_mix() -> None:
    answers = [whole_answer(f"reply {index}", " ends.") for index in range(8)]
    async with chat_endpoint(*answers) as endpoint, _model_at(endpoint) as model:
        replies = await asyncio.gather(*(_ask(model) for _ in answers))
    assert {text for text, _ in replies} == {f"reply {index} ends." for index in range(8)}


async def test_auto_takes_the_first_chat_model_and_the_key_is_sent() -> None:
    models = [{"id": "nomic-embed-text"}, {"id": "qwen"}, {"id": "llama"}]
    async with chat_endpoint(models=models) as endpoint:
        base = endpoint.url.removesuffix("/v1")
        model = OpenAIChat(base, api_key="k-123", label="vllm", disable_thinking=True)
        assert model.name == "vllm:auto"
        await _ask(model)
        await model.close()
    assert model.name == "vllm:qwen"
    (asked,) = endpoint.asked
    assert asked.headers["Authorization"] == "Bearer k-123"
    assert asked.body["model"] == "qwen"
    assert asked.body["chat_template_kwargs"] == {"enable_thinking": False}


async def test_auto_asks_again_when_the_model_is_gone() -> None:
    models = [{"id": "old"}]
    async with chat_endpoint(Answer(status=404), whole_answer("Hi."), models=models) as endpoint:
        model = OpenAIChat(endpoint.url)
        await _failure_of(model)
        models[0]["id"] = "new"
        await _ask(model)
        await model.close()
    assert [asked.body["model"] for asked in endpoint.asked] == ["old", "new"]


async def test_auto_without_a_chat_model_is_refused() -> None:
    async with chat_endpoint(models=[{"id": "whisper-1"}]) as endpoint:
        model = OpenAIChat(endpoint.url)
        error, _ = await _failure_of(model)
    assert error.failure is ChatFailure.REFUSED
    assert "serves no chat model" in str(error)


async def test_a_closed_model_fails_what_is_under_way() -> None:
    answer = Answer([delta("Hi"), Step.HANG])
    async with (
        chat_endpoint(answer) as endpoint,
        _model_at(endpoint) as model,
        aclosing(model.reply(_QUESTION, ChatOptions())) as values,
    ):
        await anext(values)
        await model.close()
        with pytest.raises(ChatError, match="shutting down"):
            await anext(values)
        await _failure_of(model)
