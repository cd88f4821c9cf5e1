"""Asking a language model in tests: whole replies, and replies that fail."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

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
)
from models.llm.http_chat import Endpoint, HttpChat
from models.llm.openai_chat import openai_chat
from models.llm.patience import ChatTimeouts
from tests.support.chat_endpoint import ChatEndpoint

SECRET = "Nobody may read this in a log."
QUESTION = [Message("system", "Be brief."), Message("user", SECRET)]
QUICK = ChatTimeouts(first_token_s=0.2, between_tokens_s=0.2, usage_s=0.2)


class Watched:
    """A `ChatWatcher` that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, object]] = []

    def replied(self, endpoint: str, completed: Completed) -> None:
        self.seen.append(("replied", completed.reason))

    def failed(self, endpoint: str, failure: ChatFailure) -> None:
        self.seen.append(("failed", failure))

    def warmed(self, endpoint: str, completed: Completed) -> None:
        self.seen.append(("warmed", completed.cached_tokens))

    def limit_hit(self, limit: str) -> None:
        self.seen.append(("limit", limit))

    def rested(self, endpoint: str, resting: bool) -> None:
        self.seen.append(("rested" if resting else "trusted", endpoint))

    def restarted(self, endpoint: str) -> None:
        self.seen.append(("restarted", endpoint))


@asynccontextmanager
async def model_at(
    endpoint: ChatEndpoint,
    how: Endpoint | None = None,
    *,
    disable_thinking: bool = False,
    watcher: Watched | None = None,
) -> AsyncGenerator[HttpChat, None]:
    """Yield a model behind the endpoint; the address in `how` is replaced."""
    where = replace(how or Endpoint("", "tiny"), url=endpoint.url)
    model = openai_chat(where, disable_thinking=disable_thinking, watcher=watcher)
    try:
        yield model
    finally:
        await model.close()


async def pieces_of(
    model: ChatModel, options: ChatOptions | None = None, *messages: Message
) -> list[ReplyPiece]:
    """Return everything one reply says."""
    stream = model.reply(messages or QUESTION, options or ChatOptions())
    async with aclosing(stream) as pieces:
        return [piece async for piece in pieces]


def text_of(pieces: list[ReplyPiece]) -> str:
    """Return what is spoken."""
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


async def ask(model: ChatModel, options: ChatOptions | None = None) -> tuple[str, Completed]:
    """Ask for a whole reply without tools: its text, and how it ended."""
    *texts, completed = await pieces_of(model, options)
    assert isinstance(completed, Completed), "Completed comes last"
    assert all(isinstance(piece, TextDelta) for piece in texts)
    return text_of(texts), completed


async def failure_of(model: ChatModel, options: ChatOptions | None = None) -> tuple[ChatError, str]:
    """Ask for a reply that fails: the error, and the text that came before it."""
    text = ""
    with pytest.raises(ChatError) as caught:
        async with aclosing(model.reply(QUESTION, options or ChatOptions())) as pieces:
            async for piece in pieces:
                assert not isinstance(piece, Completed), "what fails is not completed"
                text += piece.text if isinstance(piece, TextDelta) else ""
    assert SECRET not in str(caught.value)
    return caught.value, text
