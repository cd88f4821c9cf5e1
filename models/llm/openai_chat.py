"""Any OpenAI-compatible chat endpoint; vLLM is the reference.

One pooled session per model, one streaming request per reply. Text is passed on the moment it
arrives. Closing the stream closes the HTTP response, and the endpoint stops generating. A request
is tried twice at most, and never again once a word of the reply was passed on. Every way to fail
ends in one `ChatError` that names the endpoint and the remedy, and never repeats anybody's words.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import replace

import aiohttp

from models.llm import (
    ChatError,
    ChatFailure,
    ChatOptions,
    Completed,
    Message,
    ReplyPiece,
    TextDelta,
    ToolCallDelta,
)
from models.llm.call_stream import CallLimits, CallPiece, CallsTooLong, CallStream, CallWithoutName
from models.llm.chat_endpoints import (
    discover,
    find_local,
    first_chat_model,
    headers,
    normalise,
    shown,
)
from models.llm.chat_errors import RETRY_S, Complaints, Unavailable
from models.llm.chat_request import request_body
from models.llm.chat_wire import END, EndpointError, Finish, NotAChunk, Piece, read_chunk
from models.llm.patience import ChatTimeouts, Patience
from models.llm.sse import EventStream, EventTooLong

__all__ = ["ChatTimeouts", "OpenAIChat", "discover", "find_local"]

_RETRY_AFTER_S_MAX = 2.0
_CHARS_PER_TOKEN_MAX = 16  # Ends the replies of endpoints that ignore max_tokens.
_DRAIN_S = 0.1
_ERROR_BODY_BYTES_MAX = 65_536


class OpenAIChat:
    """A `ChatModel` behind `POST {base_url}/chat/completions`."""

    def __init__(
        self,
        base_url: str,
        model: str = "auto",
        *,
        api_key: str = "",
        timeouts: ChatTimeouts | None = None,
        disable_thinking: bool = False,
        streams_max: int = 256,
        call_limits: CallLimits | None = None,
        label: str = "openai",
    ) -> None:
        """Opens no connection yet. Raises `ValueError` for an address that cannot be one.

        `model` "auto" takes the first chat model that the endpoint lists. `disable_thinking` is for
        Qwen-like models, which are silent for seconds otherwise. `label` begins `name`.
        """
        self._base = normalise(base_url)
        self._complaints = Complaints(shown(self._base))
        self._model = None if model == "auto" else model
        self._auto = model == "auto"
        self._api_key = api_key
        self._timeouts = timeouts or ChatTimeouts()
        self._disable_thinking = disable_thinking
        self._ask_usage = True
        self._streams = 0
        self._streams_max = streams_max
        self._call_limits = call_limits or CallLimits()
        self._label = label
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """`label:model`, with `auto` until the endpoint was asked."""
        return f"{self._label}:{self._model or 'auto'}"

    async def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[ReplyPiece, None]:
        """See `ChatModel.reply`."""
        patience = Patience(self._timeouts)
        with self._stream_slot():
            for last_attempt in (False, True):
                try:
                    async with aclosing(self._attempt(messages, options, patience)) as values:
                        async for value in values:
                            yield value
                    return
                except ChatError as error:
                    pause_s = _pause_before_retry(error)
                    if last_attempt or pause_s is None:
                        raise
                await asyncio.sleep(pause_s)

    async def close(self) -> None:
        """Close all connections. Replies, under way and new, fail with `ChatError`."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def resolve_model(self) -> str:
        """The model's name, asked of the endpoint the first time if it is "auto"."""
        if self._model is None:
            models = await discover(str(self._base), self._api_key, self._timeouts.connect_s)
            self._model = first_chat_model(models)
        if self._model is None:
            raise self._complaints.no_model()
        return self._model

    async def _attempt(
        self, messages: Sequence[Message], options: ChatOptions, patience: Patience
    ) -> AsyncGenerator[ReplyPiece, None]:
        """One request and its whole answer."""
        response = await self._open(messages, options, patience)
        chars_left = options.max_tokens * _CHARS_PER_TOKEN_MAX
        calls = CallStream(self._call_limits, f"call_{secrets.token_hex(6)}_")
        whole = Piece()
        try:
            async with aclosing(self._pieces(response, patience)) as pieces:
                async for piece in pieces:
                    if piece.text:
                        yield TextDelta(piece.text)
                    for call in piece.calls:
                        yield self._add_call(calls, call)
                    whole = _add(whole, piece)
                    chars_left -= len(piece.text)
                    if chars_left < 0:
                        whole = Piece(finish="length")
                        break
            yield self._completed(whole, called=calls.called)
            await _drain(response)
        finally:
            response.close()

    async def _open(
        self, messages: Sequence[Message], options: ChatOptions, patience: Patience
    ) -> aiohttp.ClientResponse:
        """Send the request and return a response with status 200, or raise `ChatError`."""
        response = await self._post(messages, options, patience)
        if response.status == 400 and self._ask_usage and await _blames_usage(response):
            response.close()
            self._ask_usage = False
            response = await self._post(messages, options, patience)
        if response.status != 200:
            raise self._refusal(response)
        return response

    def _refusal(self, response: aiohttp.ClientResponse) -> ChatError:
        response.close()
        if response.status == 404 and self._auto:
            self._model = None  # It may serve another one now: ask again next time.
        return self._complaints.refusal(response.status, response.headers.get("Retry-After", ""))

    async def _post(
        self, messages: Sequence[Message], options: ChatOptions, patience: Patience
    ) -> aiohttp.ClientResponse:
        if self._closed:
            raise self._complaints.closed()
        model = await self.resolve_model()
        body = request_body(
            model,
            messages,
            options,
            usage=self._ask_usage,
            disable_thinking=self._disable_thinking,
        )
        request_id = {"X-Request-Id": options.request_id} if options.request_id else {}
        request = self._pool().post(
            f"{self._base}/chat/completions",
            data=body,
            headers={"Content-Type": "application/json", **request_id},
            allow_redirects=False,
        )
        try:
            return await patience.wait(request)
        except aiohttp.ClientError as error:
            raise self._complaints.unreachable(error) from error
        except TimeoutError as error:
            raise self._complaints.too_slow(patience.complaint) from error

    async def _pieces(
        self, response: aiohttp.ClientResponse, patience: Patience
    ) -> AsyncGenerator[Piece, None]:
        """What the chunks say, until the stream ends in whatever way counts as an end."""
        begun = finished = False
        try:
            async with aclosing(self._events(response, patience)) as events:
                async for event in events:
                    if event == END:
                        yield Piece(finish="stop")
                        return
                    piece = self._read(event, begun)
                    if piece.text or piece.calls:
                        begun = True
                        patience.saw_text()
                    if piece.finish:
                        finished = True
                        patience.saw_finish()
                    yield piece
        except ChatError:
            if not finished:  # After the finish reason the reply is whole, come what may.
                raise

    async def _events(
        self, response: aiohttp.ClientResponse, patience: Patience
    ) -> AsyncGenerator[str, None]:
        """The data of each event, the moment it is complete."""
        stream = EventStream()
        while not response.content.at_eof():
            if self._closed:
                raise self._complaints.closed()
            try:
                events = stream.feed(await patience.wait(response.content.readany()))
            except aiohttp.ClientError as error:
                raise self._complaints.broken("broke off in the middle of a reply") from error
            except TimeoutError as error:
                raise self._complaints.too_slow(patience.complaint) from error
            except EventTooLong as error:
                raise self._complaints.broken("sent an endless event") from error
            for event in events:
                yield event

    def _read(self, event: str, begun: bool) -> Piece:
        try:
            return read_chunk(event)
        except NotAChunk as error:
            raise self._complaints.broken("sent something that is not a chat completion") from error
        except EndpointError as error:
            raise self._complaints.reported(error, begun) from error

    def _add_call(self, calls: CallStream, piece: CallPiece) -> ToolCallDelta:
        try:
            return calls.add(piece)
        except CallsTooLong as error:
            raise self._complaints.broken(str(error)) from error
        except CallWithoutName as error:
            raise self._complaints.broken("called a tool without its name") from error

    def _completed(self, whole: Piece, *, called: bool) -> Completed:
        """How the reply ended; some servers say `stop` although they called, and the reverse."""
        if whole.finish is None:
            raise self._complaints.broken("ended a reply early")
        stopped: Finish = "tool_calls" if called else "stop"
        reason = "length" if whole.finish == "length" else stopped
        return Completed(reason, whole.prompt_tokens, whole.completion_tokens, whole.cached_tokens)

    @contextmanager
    def _stream_slot(self) -> Iterator[None]:
        """Count this reply among those under way."""
        if self._streams >= self._streams_max:
            raise self._complaints.busy(self._streams_max)
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    def _pool(self) -> aiohttp.ClientSession:
        """The session, made on first use because it belongs to the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, connect=self._timeouts.connect_s),
                headers=headers(self._api_key),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _add(whole: Piece, piece: Piece) -> Piece:
    """Both pieces' finish and counts, the earlier finish and the later counts winning."""
    counted = piece.prompt_tokens is not None or piece.completion_tokens is not None
    latest = piece if counted else whole
    return replace(latest, text="", calls=(), finish=whole.finish or piece.finish)


def _pause_before_retry(error: ChatError) -> float | None:
    """Seconds to wait before the one retry; None where it cannot help or comes too late.

    Unreachable is said before the first text only, so a retry never says anything twice.
    """
    if error.failure is not ChatFailure.UNREACHABLE:
        return None
    pause_s = error.retry_after_s if isinstance(error, Unavailable) else RETRY_S
    return pause_s if pause_s <= _RETRY_AFTER_S_MAX else None


async def _blames_usage(response: aiohttp.ClientResponse) -> bool:
    """Whether a refusal names `stream_options`, which older servers do not know."""
    start = b""
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(_DRAIN_S):
            start = await response.content.read(_ERROR_BODY_BYTES_MAX)
    return b"stream_options" in start


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read what follows the end, so that the connection can serve the next reply."""
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(_DRAIN_S):
            while not response.content.at_eof():
                await response.content.readany()
