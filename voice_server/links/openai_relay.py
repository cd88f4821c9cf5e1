"""`POST /v1/chat/completions`: passes a conversation on to the language model of this server."""

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import assert_never

from aiohttp import web

from models.llm import ChatError, Completed, ReplyPiece, TextDelta, ToolCall, ToolCallDelta
from voice_server.conversation.house import House
from voice_server.identity.budgets import Bill
from voice_server.identity.usage import CHARS_PER_TOKEN
from voice_server.links.openai_desk import ACCOUNT
from voice_server.links.openai_streaming import answer, while_connected
from voice_server.links.uploads import receive_json
from voice_server.wires import openai_chat as wire
from voice_server.wires.event_stream import CONTENT_TYPE
from voice_server.wires.openai_models import check_model


class ChatEndpoint:
    """Relays chat completions."""

    def __init__(self, house: House) -> None:
        self._chat = house.engines.chat
        self._limits = house.settings.rest

    async def completions(self, request: web.Request) -> web.StreamResponse:
        """Answer a conversation."""
        body = await receive_json(request, self._limits)
        asked = wire.parse(body, tokens_max=self._limits.chat_tokens_max)
        check_model(asked.model, "llm", self._chat.name)
        completion = wire.Completion(
            f"chatcmpl-{secrets.token_hex(12)}", int(time.time()), self._chat.name
        )
        prompt = len(body) // CHARS_PER_TOKEN
        at_most = prompt + (asked.options.max_tokens or self._limits.chat_tokens_max)
        async with request[ACCOUNT].spending("llm_tokens", at_most) as bill:
            said = _billed(self._pieces(asked), bill, prompt)
            if asked.stream:
                chunks = self._chunks(said, completion, usage=asked.stream_usage)
                return await answer(request, chunks, CONTENT_TYPE, self._limits.stall_timeout_s)
            whole = await while_connected(request, self._whole(said, completion))
            return web.json_response(whole)

    async def _chunks(
        self,
        said: AsyncGenerator[ReplyPiece, None],
        completion: wire.Completion,
        *,
        usage: bool,
    ) -> AsyncGenerator[bytes, None]:
        opened = False
        numbers: dict[str, int] = {}
        async with aclosing(said) as pieces:
            async for piece in pieces:
                if not opened:
                    yield completion.opening()
                    opened = True
                match piece:
                    case TextDelta():
                        yield completion.delta(piece.text)
                    case ToolCallDelta():
                        first = piece.id not in numbers
                        number = numbers.setdefault(piece.id, len(numbers))
                        yield completion.call_delta(number, piece, first=first)
                    case Completed():
                        yield completion.closing(piece, usage=usage)
                    case _:
                        assert_never(piece)

    async def _whole(
        self, said: AsyncGenerator[ReplyPiece, None], completion: wire.Completion
    ) -> dict[str, object]:
        texts: list[str] = []
        calls: dict[str, ToolCall] = {}
        completed = Completed("stop")
        async with aclosing(said) as pieces:
            async for piece in pieces:
                match piece:
                    case TextDelta():
                        texts.append(piece.text)
                    case ToolCallDelta():
                        call = calls.get(piece.id) or ToolCall(piece.id, piece.name, "")
                        written = call.arguments + piece.arguments
                        calls[piece.id] = replace(call, arguments=written)
                    case Completed():
                        completed = piece
                    case _:
                        assert_never(piece)
        return completion.whole("".join(texts), completed, list(calls.values()))

    async def _pieces(self, asked: wire.ChatRequest) -> AsyncGenerator[ReplyPiece, None]:
        """What the model says; calls after the first one are dropped where only one is wanted."""
        called = ""
        try:
            async with aclosing(self._chat.reply(asked.messages, asked.options)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, ToolCallDelta):
                        called = called or piece.id
                        if asked.one_call and piece.id != called:
                            continue
                    yield piece
        except ChatError as error:
            raise wire.failure(error) from error


async def _billed(
    said: AsyncGenerator[ReplyPiece, None], bill: Bill, prompt: int
) -> AsyncGenerator[ReplyPiece, None]:
    """The same, counted: by the model's server if it counts, else by the letters."""
    letters = 0
    async with aclosing(said) as pieces:
        async for piece in pieces:
            match piece:
                case TextDelta(text=text):
                    letters += len(text)
                case ToolCallDelta(arguments=arguments):
                    letters += len(arguments)
                case Completed(prompt_tokens=read, completion_tokens=written):
                    bill.used = (read or prompt) + (written or letters // CHARS_PER_TOKEN)
                    yield piece
                    continue
            bill.used = prompt + letters // CHARS_PER_TOKEN
            yield piece
