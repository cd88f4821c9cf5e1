"""Anthropic's Messages API, and the servers that speak it too, vLLM among them."""

from collections.abc import Sequence

from models.llm import ChatOptions, Message
from models.llm.anthropic_request import request_body
from models.llm.anthropic_wire import read_event
from models.llm.chat_wire import Piece
from models.llm.http_chat import Endpoint, HttpChat
from models.llm.watcher import ChatWatcher

API = "https://api.anthropic.com/v1"
"""Anthropic's own address."""

_VERSION = "2023-06-01"


class AnthropicDialect:
    """The `Dialect` of messages."""

    path = "/messages"

    def headers(self, api_key: str) -> dict[str, str]:
        """See `Dialect.headers`."""
        return {"anthropic-version": _VERSION} | ({"x-api-key": api_key} if api_key else {})

    def body(self, model: str, messages: Sequence[Message], options: ChatOptions) -> bytes:
        """See `Dialect.body`."""
        return request_body(model, messages, options)

    def adapt(self, refusal: bytes) -> bool:
        """See `Dialect.adapt`. There is one such API, so there is nothing to leave out."""
        return False

    def read(self, data: str) -> Piece:
        """See `Dialect.read`."""
        return read_event(data)


def anthropic_chat(endpoint: Endpoint, watcher: ChatWatcher | None = None) -> HttpChat:
    """A `ChatModel` behind the Messages API. Raises `ValueError` for a wrong address."""
    return HttpChat(endpoint, AnthropicDialect(), watcher)
