"""`POST /v1/chat/completions`: passes a conversation on to the language model of this server."""

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from models.llm import ChatError, Completed, TextDelta
from voice_server.conversation.house import House
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
        if asked.stream:
            chunks = self._chunks(asked, completion)
            return await answer(request, chunks, CONTENT_TYPE, self._limits.stall_timeout_s)
        return web.json_response(await while_connected(request, self._whole(asked, completion)))

    async def _chunks(
        self, asked: wire.ChatRequest, completion: wire.Completion
    ) -> AsyncGenerator[bytes, None]:
        opened = False
        async with aclosing(self._pieces(asked)) as pieces:
            async for piece in pieces:
                if not opened:
                    yield completion.opening()
                    opened = True
                if isinstance(piece, TextDelta):
                    yield completion.delta(piece.text)
                else:
                    yield completion.closing(piece, usage=asked.stream_usage)

    async def _whole(
        self, asked: wire.ChatRequest, completion: wire.Completion
    ) -> dict[str, object]:
        texts: list[str] = []
        completed = Completed("stop")
        async with aclosing(self._pieces(asked)) as pieces:
            async for piece in pieces:
                if isinstance(piece, TextDelta):
                    texts.append(piece.text)
                else:
                    completed = piece
        return completion.whole("".join(texts), completed)

    async def _pieces(self, asked: wire.ChatRequest) -> AsyncGenerator[TextDelta | Completed, None]:
        try:
            async with aclosing(self._chat.reply(asked.messages, asked.options)) as pieces:
                async for piece in pieces:
                    yield piece
        except ChatError as error:
            raise wire.failure(error) from error
