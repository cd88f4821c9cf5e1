"""The bundled offline responder: answers when there is no language model, and says that it is none.

It knows a small table of things (`small_talk`) and calls tools that are asked for by name
(`tool_talk`). It streams as a language model would: one word at a time at a steady rate, ended by
the caller at any moment, limited by `max_tokens`.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime
from typing import Literal

from models.llm import ChatOptions, Completed, Message, ReplyPiece, TextDelta, ToolCallDelta
from models.llm.small_talk import answer
from models.llm.tool_talk import find_call, tell_results

_TOKEN = re.compile(r"\s*\S+(?:\s+$)?")


def local_now() -> datetime:
    """The wall clock of this machine, in its own time zone."""
    return datetime.now().astimezone()


class OfflineResponder:
    """A `ChatModel` without a model."""

    name = "offline-responder"

    def __init__(
        self, *, tokens_per_s: float = 50.0, clock: Callable[[], datetime] = local_now
    ) -> None:
        if tokens_per_s <= 0:
            raise ValueError(f"tokens_per_s is {tokens_per_s}; it has to be above 0")
        self._token_s = 1 / tokens_per_s
        self._clock = clock

    async def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[ReplyPiece, None]:
        """See `ChatModel.reply`. Nothing to say is a reply without text."""
        call = find_call(messages, options)
        if call is not None:
            tool, arguments = call
            await asyncio.sleep(self._token_s)
            yield ToolCallDelta(f"call_{secrets.token_hex(6)}", tool.name, arguments)
            yield Completed("tool_calls", completion_tokens=1)
            return
        whole = _TOKEN.findall(tell_results(messages) or answer(messages, self._clock()))
        tokens = whole[: options.max_tokens]
        for token in tokens:
            await asyncio.sleep(self._token_s)
            yield TextDelta(token)
        reason: Literal["stop", "length"] = "stop" if tokens == whole else "length"
        yield Completed(reason, completion_tokens=len(tokens))

    async def close(self) -> None:
        """Nothing to release."""
