"""An OpenAI-compatible endpoint on loopback that answers by script, however badly.

It records what was asked, and whether the client hung up before the answer was whole.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

DONE = b"data: [DONE]\n\n"


class Step(Enum):
    """What an answer can do besides sending bytes."""

    HANG = "send nothing more, keep the connection open"
    DROP = "break the connection"
    PAUSE = "wait until `resume` is set"


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: a status, headers, and the body in the pieces in which it leaves."""

    steps: Sequence[bytes | Step] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    body: dict[str, Any]
    headers: CIMultiDict[str]


def event(payload: object) -> bytes:
    """Return one server-sent event with JSON data."""
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


def delta(text: str, **fields: object) -> bytes:
    """Return a chunk with text; `fields` are added to its delta."""
    return event({"choices": [{"index": 0, "delta": {"content": text, **fields}}]})


def call_delta(index: int, id: str = "", name: str = "", arguments: str = "") -> bytes:
    """Return a chunk with a piece of a tool call, in OpenAI's shape."""
    function = {"arguments": arguments} | ({"name": name} if name else {})
    named = {"id": id, "type": "function"} if id else {}
    call = {"index": index, **named, "function": function}
    return event({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})


def finish(reason: str = "stop") -> bytes:
    """Return the chunk that says why the reply ended."""
    return event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


def whole_answer(*texts: str) -> Answer:
    """Return an answer that goes well, in the shape of vLLM's."""
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": len(texts),
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    role = event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
    counts = event({"choices": [], "usage": usage})
    return Answer([role, *map(delta, texts), finish(), counts, DONE])


class ChatEndpoint:
    """Answers by `answers`, one per request, the last one over and over."""

    def __init__(self, answers: Sequence[Answer], models: object) -> None:
        self.answers = list(answers)
        self.models = models
        self.asked: list[Asked] = []
        self.connections: set[object] = set()
        self.hanging = asyncio.Event()
        """Set when an answer reached its `HANG`."""
        self.hung_up = asyncio.Event()
        """Set when the client left before the answer was whole."""
        self.resume = asyncio.Event()
        self.url = ""

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Handle `POST /v1/chat/completions`."""
        self.asked.append(Asked(await request.json(), request.headers.copy()))
        self.connections.add(request.transport)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.content_type = "text/event-stream"
        try:
            await self._play(request, response, answer)
        except (asyncio.CancelledError, ConnectionResetError):
            self.hung_up.set()
            raise
        return response

    async def list_models(self, request: web.Request) -> web.Response:
        """Handle `GET /v1/models`."""
        if isinstance(self.models, Answer):
            body = b"".join(step for step in self.models.steps if isinstance(step, bytes))
            return web.Response(status=self.models.status, body=body)
        return web.json_response({"object": "list", "data": self.models})

    async def _play(
        self, request: web.Request, response: web.StreamResponse, answer: Answer
    ) -> None:
        if Step.DROP in answer.steps[:1]:
            _abort(request)
            return
        await response.prepare(request)
        for step in answer.steps:
            if step is Step.HANG:
                self.hanging.set()
                await asyncio.Event().wait()
            elif step is Step.PAUSE:
                await self.resume.wait()
            elif step is Step.DROP:
                _abort(request)
                return
            else:
                assert isinstance(step, bytes)
                await response.write(step)
                await asyncio.sleep(0)  # a write does not yield while there is room
        await response.write_eof()


def _abort(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()


@asynccontextmanager
async def chat_endpoint(
    *answers: Answer, models: object = ({"id": "tiny", "object": "model"},), prefix: str = "/v1"
) -> AsyncGenerator[ChatEndpoint, None]:
    """Serve `answers` below `prefix` on a free port of 127.0.0.1 for the length of the block."""
    endpoint = ChatEndpoint(answers or [whole_answer("Hello", " there.")], models)
    app = web.Application(client_max_size=1 << 24)
    app.router.add_post(f"{prefix}/chat/completions", endpoint.chat)
    app.router.add_post(f"{prefix}/messages", endpoint.chat)
    app.router.add_get(f"{prefix}/models", endpoint.list_models)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    endpoint.url = f"http://{host}:{port}{prefix}"
    try:
        yield endpoint
    finally:
        await runner.cleanup()
