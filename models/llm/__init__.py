"""The language-model Protocol: a conversation in, text out as it is made."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the conversation, in the roles of the OpenAI chat API."""

    role: Literal["system", "user", "assistant"]
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """What one reply may cost, and who asks."""

    max_tokens: int = 512
    temperature: float | None = None
    """None leaves it to the model's own default."""
    request_id: str = ""
    """Ends up in the server's logs and the endpoint's (`X-Request-Id`), to follow one turn."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the reply, exactly as the model made it."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Completed:
    """The reply is whole. Always the last value of a stream that did not fail."""

    reason: Literal["stop", "length"]
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None


class ChatFailure(StrEnum):
    """Where a reply broke; decides what is said about it and whether a retry can help."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    BROKEN = "broken"
    """The stream ended early or was not what the protocol says."""


class ChatError(Exception):
    """The endpoint failed. The message is a sentence for the operator; it names the endpoint."""

    def __init__(self, failure: ChatFailure, message: str) -> None:
        super().__init__(message)
        self.failure = failure


class ChatModel(Protocol):
    """Something that answers."""

    @property
    def name(self) -> str:
        """What the ready line and the page show, e.g. `vllm:Qwen3-8B`."""
        ...

    def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[TextDelta | Completed, None]:
        """Stream the next assistant message. Open it with `contextlib.aclosing`.

        Closing the generator (or cancelling the task that iterates it) ends generation at the
        endpoint at once. Raises `ChatError`.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
