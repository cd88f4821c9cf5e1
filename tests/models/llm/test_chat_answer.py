"""Streams of every kind: which are whole, which fail, and what is heard of each."""

import pytest

from models.llm import (
    ChatError,
    ChatFailure,
    ChatOptions,
    Completed,
    TextDelta,
    Tool,
    ToolCallDelta,
)
from models.llm.call_stream import CallLimits
from models.llm.http_chat import Endpoint
from models.llm.patience import ChatTimeouts
from tests.support.chat_endpoint import (
    DONE,
    Answer,
    Step,
    call_delta,
    chat_endpoint,
    delta,
    event,
    finish,
)
from tests.support.chat_model import QUICK, SECRET, Watched, ask, failure_of, model_at, pieces_of

pytestmark = pytest.mark.socket


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
        pytest.param([delta("<thi"), delta("nk>Hm.</th"), delta("ink>\nHi."), DONE], id="think"),
        pytest.param([delta("Hi.")[:20], delta("Hi.")[20:], DONE], id="cut anywhere"),
        pytest.param([delta("Hi.").replace(b"\n", b"\r\n"), DONE], id="CRLF"),
    ],
)
async def test_odd_streams_that_are_whole(steps: list[bytes | Step]) -> None:
    patient = Endpoint("", "tiny", timeouts=ChatTimeouts(usage_s=0.2))
    async with chat_endpoint(Answer(steps)) as endpoint, model_at(endpoint, patient) as model:
        text, completed = await ask(model)
    assert (text, completed.reason) == ("Hi.", "stop")
    assert len(endpoint.asked) == 1


async def test_a_character_cut_by_the_network_is_whole() -> None:
    whole = delta("süß €")
    cut = whole.index("€".encode()) + 1
    answer = Answer([whole[:cut], whole[cut:], DONE])
    async with chat_endpoint(answer) as endpoint, model_at(endpoint) as model:
        assert (await ask(model))[0] == "süß €"


async def test_what_looked_like_a_thought_is_said_after_all() -> None:
    async with chat_endpoint(Answer([delta("<th"), DONE])) as endpoint, model_at(endpoint) as model:
        assert (await ask(model))[0] == "<th"


async def test_the_length_limit_is_reported() -> None:
    answer = Answer([delta("One two"), finish("length"), DONE])
    async with chat_endpoint(answer) as endpoint, model_at(endpoint) as model:
        assert (await ask(model))[1].reason == "length"


async def test_an_endpoint_that_ignores_max_tokens_is_cut_short() -> None:
    answer = Answer([delta("word ") * 1000, Step.HANG])
    async with chat_endpoint(answer) as endpoint, model_at(endpoint) as model:
        text, completed = await ask(model, ChatOptions(max_tokens=10))
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
        pytest.param(
            [delta("<think>Hm."), Step.HANG], ChatFailure.TIMED_OUT, "", id="thinks as text"
        ),
        pytest.param([delta("Hi"), Step.DROP], ChatFailure.BROKEN, "Hi", id="drops"),
        pytest.param([delta("Hi")], ChatFailure.BROKEN, "Hi", id="ends early"),
        pytest.param([], ChatFailure.BROKEN, "", id="ends without a word"),
        pytest.param([delta("Hi"), b"data: {garbage\n\n"], ChatFailure.BROKEN, "Hi", id="garbage"),
        pytest.param(
            [delta("Hi"), b"data: ", *[b"x" * 65_536] * 160], ChatFailure.BROKEN, "Hi", id="10 MB"
        ),
        pytest.param(
            [delta("Hi"), event({"error": {"message": SECRET, "code": 503}})],
            ChatFailure.BROKEN,
            "Hi",
            id="error after text",
        ),
        pytest.param(
            [event({"error": {"message": SECRET, "code": 400}})],
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
        async with model_at(endpoint, Endpoint("", "tiny", timeouts=QUICK)) as model:
            error, text = await failure_of(model)
        assert (error.failure, text) == (failure, heard)
        assert endpoint.url in str(error)
        assert len(endpoint.asked) == 1, "no retry once the stream began or timed out"


_CLOCK = ChatOptions(tools=(Tool("clock", "Tells the time.", {"type": "object"}),))


@pytest.mark.parametrize("finished", [[finish("tool_calls")], [finish("stop")], []])
async def test_a_tool_is_called(finished: list[bytes]) -> None:
    call = [call_delta(0, "c1", "clock", ""), call_delta(0, arguments='{"zone":')]
    answer = Answer([delta("Wait."), *call, call_delta(0, arguments="1}"), *finished, DONE])
    async with chat_endpoint(answer) as endpoint, model_at(endpoint) as model:
        pieces = await pieces_of(model, _CLOCK)
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
    async with chat_endpoint(answer) as endpoint, model_at(endpoint) as model:
        assert (await pieces_of(model, _CLOCK))[-1] == Completed("length")


async def test_a_finish_reason_without_a_call_is_a_stop() -> None:
    answer = Answer([delta("Hi."), finish("tool_calls"), DONE])
    async with chat_endpoint(answer) as endpoint, model_at(endpoint) as model:
        assert (await ask(model))[1].reason == "stop"


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ([call_delta(n, f"c{n}", "clock", "{}") for n in range(3)], "more than 2 tool calls"),
        ([call_delta(0, "c0", "clock", "x" * 101)], "more than 100 bytes of arguments"),
        ([call_delta(0, "c0", "", "{}")], "a tool without its name"),
    ],
)
async def test_calls_have_limits(steps: list[bytes], complaint: str) -> None:
    strict, watched = Endpoint("", "tiny", call_limits=CallLimits(2, 100)), Watched()
    answer = Answer([*steps, DONE])
    async with (
        chat_endpoint(answer) as endpoint,
        model_at(endpoint, strict, watcher=watched) as model,
    ):
        with pytest.raises(ChatError, match=complaint) as caught:
            await pieces_of(model, _CLOCK)
    assert caught.value.failure is ChatFailure.BROKEN
    assert ("limit" in [kind for kind, _ in watched.seen]) is ("more than" in complaint)
