"""The dialect of chat completions: what it asks, and how it learns what a server does not take."""

import json

import pytest

from models.llm import ChatOptions, Message
from models.llm.openai_chat import OpenAIDialect

pytestmark = pytest.mark.pure


def test_the_key_is_a_bearer_token() -> None:
    dialect = OpenAIDialect()
    assert dialect.headers("k-1") == {"Authorization": "Bearer k-1"}
    assert dialect.headers("") == {}


def test_what_was_refused_is_not_asked_again() -> None:
    dialect = OpenAIDialect(disable_thinking=True)

    def fields() -> set[str]:
        asked: dict[str, object] = json.loads(
            dialect.body("tiny", [Message("user", "Hi.")], ChatOptions())
        )
        return asked.keys() - {"model", "messages", "stream", "max_tokens"}

    assert fields() == {"stream_options", "chat_template_kwargs", "reasoning_effort"}
    assert dialect.adapt(b"unknown field chat_template_kwargs")
    assert fields() == {"stream_options", "reasoning_effort"}
    assert not dialect.adapt(b"too long")
    assert fields() == {"stream_options", "reasoning_effort"}


def test_events_are_chunks() -> None:
    assert OpenAIDialect().read('{"choices": [{"delta": {"content": "Hi"}}]}').text == "Hi"
