"""One streamed answer of an endpoint, from the bytes of its response to the pieces of a reply.

It decides when an answer is whole, and keeps its bounds: time, text, tool calls. Every way to fail
ends in one `ChatError` that names the endpoint and the remedy, and never repeats anybody's words.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace

import aiohttp

from models.llm import ChatError, Completed, ReplyPiece, TextDelta, ToolCallDelta
from models.llm.call_stream import CallLimits, CallPiece, CallsTooLong, CallStream, CallWithoutName
from models.llm.chat_errors import Complaints
from models.llm.chat_wire import EndpointError, Finish, NotAChunk, Piece
from models.llm.patience import Patience
from models.llm.sse import EventStream, EventTooLong
from models.llm.thoughts import Thoughts
from models.llm.watcher import ChatWatcher

_CHARS_PER_TOKEN_MAX = 16  # Ends the replies of endpoints that ignore max_tokens.
_DRAIN_S = 0.1


class ChatAnswer:
    """Reads one response with status 200."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        read: Callable[[str], Piece],
        *,
        patience: Patience,
        complaints: Complaints,
        watcher: ChatWatcher,
        call_limits: CallLimits,
        is_closed: Callable[[], bool],
    ) -> None:
        """`read` interprets the data of one event; it raises `NotAChunk` and `EndpointError`.

        `is_closed` says whether our own side has let go of all connections.
        """
        self._is_closed = is_closed
        self._response = response
        self._read_event = read
        self._patience = patience
        self._complaints = complaints
        self._watcher = watcher
        self._calls = CallStream(call_limits, f"call_{secrets.token_hex(6)}_")
        self._thoughts = Thoughts()
        self._whole = Piece()

    async def pieces(self, tokens_max: int) -> AsyncGenerator[ReplyPiece, None]:
        """The reply; then the connection is ready for the next one. Raises `ChatError`."""
        chars_left = tokens_max * _CHARS_PER_TOKEN_MAX
        async with aclosing(self._chunks()) as chunks:
            async for piece in chunks:
                if piece.text:
                    yield TextDelta(piece.text)
                for call in piece.calls:
                    yield self._add_call(call)
                chars_left -= len(piece.text)
                if chars_left < 0:
                    self._watcher.limit_hit("llm_text")
                    self._whole = Piece(finish="length")
                    break
        yield self._completed()
        await self._drain()

    async def _chunks(self) -> AsyncGenerator[Piece, None]:
        """What the chunks say, until the stream ends in whatever way counts as an end."""
        begun = False
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    piece = self._read(event, begun)
                    self._whole = _add(self._whole, piece)
                    if piece.text or piece.calls:
                        begun = True
                        self._patience.saw_text()
                    if self._whole.finish:
                        self._patience.saw_finish()
                    yield piece
                    if piece.ended:
                        break
        except ChatError:
            if not self._whole.finish:  # After the finish reason it is whole, come what may.
                raise
        yield Piece(text=self._thoughts.rest())

    async def _events(self) -> AsyncGenerator[str, None]:
        """The data of each event, the moment it is complete."""
        stream, content = EventStream(), self._response.content
        while not content.at_eof():
            if self._is_closed():
                raise self._complaints.closed()
            try:
                events = stream.feed(await self._patience.wait(content.readany()))
            except aiohttp.ClientError as error:
                raise self._complaints.broken("broke off in the middle of a reply") from error
            except TimeoutError as error:
                raise self._complaints.too_slow(self._patience.complaint) from error
            except EventTooLong as error:
                raise self._complaints.broken("sent an endless event") from error
            for event in events:
                yield event

    def _read(self, event: str, begun: bool) -> Piece:
        try:
            piece = self._read_event(event)
        except NotAChunk as error:
            raise self._complaints.broken("sent something that is not a chat completion") from error
        except EndpointError as error:
            raise self._complaints.reported(error, begun) from error
        return replace(piece, text=self._thoughts.feed(piece.text)) if piece.text else piece

    def _add_call(self, piece: CallPiece) -> ToolCallDelta:
        try:
            return self._calls.add(piece)
        except CallsTooLong as error:
            self._watcher.limit_hit(f"llm_{error.limit}")
            raise self._complaints.broken(str(error)) from error
        except CallWithoutName as error:
            raise self._complaints.broken("called a tool without its name") from error

    def _completed(self) -> Completed:
        """How the reply ended; some servers say `stop` although they called, and the reverse."""
        whole = self._whole
        if whole.finish is None:
            raise self._complaints.broken("ended a reply early")
        stopped: Finish = "tool_calls" if self._calls.called else "stop"
        reason = "length" if whole.finish == "length" else stopped
        return Completed(reason, whole.prompt_tokens, whole.completion_tokens, whole.cached_tokens)

    async def _drain(self) -> None:
        """Read what follows the end, so that the connection can serve the next reply."""
        with suppress(aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                while not self._response.content.at_eof():
                    await self._response.content.readany()


def _add(whole: Piece, piece: Piece) -> Piece:
    """How both together ended and what they count, the earlier end and the later counts winning."""
    return Piece(
        finish=whole.finish or piece.finish,
        prompt_tokens=_later(whole.prompt_tokens, piece.prompt_tokens),
        completion_tokens=_later(whole.completion_tokens, piece.completion_tokens),
        cached_tokens=_later(whole.cached_tokens, piece.cached_tokens),
    )


def _later(before: int | None, now: int | None) -> int | None:
    return before if now is None else now
