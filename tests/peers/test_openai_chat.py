"""Chat completions with tools, through the `openai` package and the offline responder."""

from collections.abc import Iterator

import openai
import pytest
from openai.types.chat import (
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionMessageParam,
    ChatCompletionToolParam,
)

from tests.support.server import ServerProcess

pytestmark = pytest.mark.socket

WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather somewhere.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
QUESTION: ChatCompletionMessageParam = {"role": "user", "content": "Call get weather for Paris."}


@pytest.fixture
def client(server: ServerProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}v1", api_key="any", max_retries=0) as client:
        yield client


def test_a_tool_is_called_and_its_result_answered(client: openai.OpenAI) -> None:
    first = client.chat.completions.create(model="gpt-4o", messages=[QUESTION], tools=[WEATHER])
    assert first.choices[0].finish_reason == "tool_calls"
    assert first.choices[0].message.tool_calls
    (call,) = first.choices[0].message.tool_calls
    assert isinstance(call, ChatCompletionMessageFunctionToolCall)
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Paris"}')
    messages: list[ChatCompletionMessageParam] = [
        QUESTION,
        first.choices[0].message.to_dict(),  # type: ignore[list-item]
        {"role": "tool", "tool_call_id": call.id, "content": '{"sky": "clear"}'},
    ]
    second = client.chat.completions.create(model="gpt-4o", messages=messages, tools=[WEATHER])
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content == "Get weather says: sky is clear."


def test_the_streaming_helper_puts_a_call_together(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model="gpt-4o", messages=[QUESTION], tools=[WEATHER]
    ) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
        completion = stream.get_final_completion()
    assert [(event.name, event.arguments) for event in done] == [
        ("get_weather", '{"city":"Paris"}')
    ]
    assert completion.choices[0].finish_reason == "tool_calls"


def test_a_chosen_tool_is_called_whatever_is_said(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "Hello."}],
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
    )
    assert answer.choices[0].message.tool_calls


def test_a_wrong_tool_is_refused_by_name(client: openai.OpenAI) -> None:
    wrong: ChatCompletionToolParam = {"type": "function", "function": {"name": "two words"}}
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=[QUESTION], tools=[wrong])
    assert caught.value.param == "tools[0].function.name"
