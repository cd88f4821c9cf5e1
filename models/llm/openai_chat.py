"""Any OpenAI-compatible chat endpoint; vLLM is the reference.

Knows `POST {base}/chat/completions`, and which optional fields this server takes: it begins with
all of them, and leaves out what is refused.
"""

from collections.abc import Sequence

from models.llm import ChatOptions, Message
from models.llm.chat_endpoints import headers
from models.llm.chat_request import request_body
from models.llm.chat_wire import Piece, read_chunk
from models.llm.habits import Habits, adapted
from models.llm.http_chat import Endpoint, HttpChat
from models.llm.watcher import ChatWatcher


class OpenAIDialect:
    """The `Dialect` of chat completions."""

    path = "/chat/completions"

    def __init__(self, *, disable_thinking: bool = False) -> None:
        self._disable_thinking = disable_thinking
        self._habits = Habits()

    def headers(self, api_key: str) -> dict[str, str]:
        """See `Dialect.headers`."""
        return headers(api_key)

    def body(self, model: str, messages: Sequence[Message], options: ChatOptions) -> bytes:
        """See `Dialect.body`."""
        thinking = self._disable_thinking
        return request_body(model, messages, options, self._habits, disable_thinking=thinking)

    def adapt(self, refusal: bytes) -> bool:
        """See `Dialect.adapt`."""
        habits = adapted(self._habits, refusal)
        self._habits = habits or self._habits
        return habits is not None

    def read(self, data: str) -> Piece:
        """See `Dialect.read`."""
        return read_chunk(data)


def openai_chat(
    endpoint: Endpoint, *, disable_thinking: bool = False, watcher: ChatWatcher | None = None
) -> HttpChat:
    """A `ChatModel` behind an OpenAI-compatible endpoint.

    `disable_thinking` is for models that are silent for seconds otherwise. Raises `ValueError` for
    an address that cannot be one.
    """
    return HttpChat(endpoint, OpenAIDialect(disable_thinking=disable_thinking), watcher)
