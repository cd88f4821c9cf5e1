"""The language-model Protocol: a conversation in, text out as it is made."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the conversation, in the roles of the OpenAI chat API."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = field(repr=False)
    tool_calls: tuple["ToolCall", ...] = ()
    """What an assistant's line asked for."""
    tool_call_id: str = ""
    """Which call a tool's line answers."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call."""

    name: str
    description: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """JSON Schema of its arguments."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a function's result."""

    id: str
    name: str
    arguments: str = field(repr=False)
    """JSON, as the model wrote it: it may not be valid."""


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """What one reply may cost, and who asks."""

    max_tokens: int = 512
    temperature: float | None = None
    """None leaves it to the model's own default."""
    request_id: str = ""
    """Ends up in the server's logs and the endpoint's (`X-Request-Id`), to follow one turn."""
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """`auto`, `none`, `required`, or the name of the one tool to call."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the reply, exactly as the model made it."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call. Pieces of one call come in order; several calls may be interleaved.

    The first piece of a call names it; its arguments may still be empty then.
    """

    id: str
    """Never empty, unique within the reply."""
    name: str
    """The whole name, in every piece."""
    arguments: str = field(repr=False)
    """The next piece of the JSON text."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The reply is whole. Always the last value of a stream that did not fail."""

    reason: Literal["stop", "length", "tool_calls"]
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None


ReplyPiece = TextDelta | ToolCallDelta | Completed


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
    ) -> AsyncGenerator[ReplyPiece, None]:
        """Stream the next assistant message. Open it with `contextlib.aclosing`.

        Closing the generator (or cancelling the task that iterates it) ends generation at the
        endpoint at once. Raises `ChatError`.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


@runtime_checkable
class PrefixWarmer(Protocol):
    """A `ChatModel` that can take a prompt in ahead of its reply.

    Worth it where a server keeps the beginnings of prompts: send what is known as soon as the user
    begins to speak, and the reply begins sooner.
    """

    async def warm(self, messages: Sequence[Message], options: ChatOptions) -> bool:
        """Make the endpoint read `messages`; `options` as for the reply: tools are read, too.

        Returns whether it did. Never raises `ChatError`. Cancelling it ends the work.
        """
        ...
