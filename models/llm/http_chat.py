"""Any chat endpoint that is asked with one POST and answers with a stream of events.

One pooled session per model, one streaming request per reply. Text is passed on the moment it
arrives. Closing the stream closes the HTTP response, and the endpoint stops generating. A request
is tried twice at most, and never again once a word of the reply was passed on. What is said in the
request and the events is the business of a `Dialect`.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

import aiohttp

from models.llm import ChatError, ChatFailure, ChatOptions, Completed, Message, ReplyPiece
from models.llm.call_stream import CallLimits
from models.llm.chat_answer import ChatAnswer
from models.llm.chat_endpoints import first_chat_model, locate, normalise, shown
from models.llm.chat_errors import RETRY_S, Complaints, KeyRefused, Unavailable
from models.llm.chat_wire import Piece
from models.llm.patience import ChatTimeouts, Patience
from models.llm.watcher import ChatWatcher, NobodyWatches

_RETRY_AFTER_S_MAX = 2.0
_REFUSAL_BYTES_MAX = 65_536
_REFUSAL_S = 0.1


class Dialect(Protocol):
    """How one family of endpoints is spoken to."""

    path: str
    """Behind the base address, such as `/chat/completions`."""

    def headers(self, api_key: str) -> Mapping[str, str]:
        """What every request says about who asks."""
        ...

    def body(self, model: str, messages: Sequence[Message], options: ChatOptions) -> bytes:
        """The JSON of a streaming request."""
        ...

    def adapt(self, refusal: bytes) -> bool:
        """Learn from the body of a refusal; True if the next request will be a different one."""
        ...

    def read(self, data: str) -> Piece:
        """What one event says. Raises `NotAChunk` and `EndpointError`."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is and how it is treated. Nothing here depends on the dialect."""

    url: str
    model: str = "auto"
    """`auto` takes the first chat model that the endpoint lists."""
    api_key: str = field(default="", repr=False)
    label: str = "openai"
    """Begins the name that is shown."""
    timeouts: ChatTimeouts = field(default_factory=ChatTimeouts)
    streams_max: int = 256
    """Replies that may be under way at once."""
    call_limits: CallLimits = field(default_factory=CallLimits)
    warm_ups: bool = True
    """Whether prompts may be sent ahead: it costs money where tokens do."""


class HttpChat:
    """A `ChatModel` and `PrefixWarmer` behind one endpoint."""

    def __init__(
        self, endpoint: Endpoint, dialect: Dialect, watcher: ChatWatcher | None = None
    ) -> None:
        """Opens no connection yet. Raises `ValueError` for an address that cannot be one."""
        self._endpoint = endpoint
        self._dialect = dialect
        self._watcher: ChatWatcher = watcher or NobodyWatches()
        self._base = normalise(endpoint.url)
        self._headers = {"Accept-Encoding": "identity", **dialect.headers(endpoint.api_key)}
        self._complaints = Complaints(shown(self._base), has_key=bool(endpoint.api_key))
        self._auto = endpoint.model == "auto"
        self._model = None if self._auto else endpoint.model
        self._streams = 0
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """`label:model`, with `auto` until the endpoint was asked."""
        return f"{self._endpoint.label}:{self._model or 'auto'}"

    async def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[ReplyPiece, None]:
        """See `ChatModel.reply`."""
        patience = Patience(self._endpoint.timeouts)
        with self._counted():
            for last_attempt in (False, True):
                try:
                    async with aclosing(self._attempt(messages, options, patience)) as pieces:
                        async for piece in pieces:
                            if isinstance(piece, Completed):
                                self._watcher.replied(self.name, piece)
                            yield piece
                    return
                except ChatError as error:
                    pause_s = _pause_before_retry(error)
                    if last_attempt or pause_s is None:
                        raise
                await asyncio.sleep(pause_s)

    async def warm(self, messages: Sequence[Message], options: ChatOptions) -> bool:
        """See `PrefixWarmer.warm`. One token is made, because servers refuse to make none."""
        if not self._endpoint.warm_ups or self._streams >= self._endpoint.streams_max:
            return False
        patience = Patience(self._endpoint.timeouts)
        shortest = replace(options, max_tokens=1)
        with suppress(ChatError):
            async with aclosing(self._attempt(messages, shortest, patience)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Completed):
                        self._watcher.warmed(self.name, piece)
                        return True
        return False

    async def close(self) -> None:
        """Close all connections. Replies, under way and new, fail with `ChatError`."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def check(self) -> None:
        """Ask the endpoint whether it is there and has the model. Raises `ChatError`.

        Finds the model's name if it is "auto", and `/v1` if the address lacks it.
        """
        if self._model is None:
            await self.resolve_model()
            return
        try:
            served = await self._locate()
        except KeyRefused:
            raise
        except ChatError as error:
            if error.failure is ChatFailure.UNREACHABLE:
                raise
            return  # It need not list its models when we know which one we want.
        if served and self._model not in served:
            raise self._complaints.no_such_model(self._model, served)

    async def resolve_model(self) -> str:
        """The model's name, asked of the endpoint the first time if it is "auto"."""
        if self._model is None:
            self._model = first_chat_model(await self._locate())
        if self._model is None:
            raise self._complaints.no_model()
        return self._model

    async def _locate(self) -> list[str]:
        """The models it serves; the address is put right on the way."""
        timeout_s = self._endpoint.timeouts.connect_s
        self._base, models = await locate(self._base, self._headers, timeout_s)
        return models

    async def _attempt(
        self, messages: Sequence[Message], options: ChatOptions, patience: Patience
    ) -> AsyncGenerator[ReplyPiece, None]:
        """One request and its whole answer."""
        response = await self._open(messages, options, patience)
        answer = ChatAnswer(
            response,
            self._dialect.read,
            patience=patience,
            complaints=self._complaints,
            watcher=self._watcher,
            call_limits=self._endpoint.call_limits,
            is_closed=lambda: self._closed,
        )
        try:
            async with aclosing(answer.pieces(options.max_tokens)) as pieces:
                async for piece in pieces:
                    yield piece
        except ChatError as error:
            raise (self._complaints.closed() if self._closed else error) from error
        finally:
            response.close()

    async def _open(
        self, messages: Sequence[Message], options: ChatOptions, patience: Patience
    ) -> aiohttp.ClientResponse:
        """Send the request and return a response with status 200, or raise `ChatError`."""
        while True:
            response = await self._post(messages, options, patience)
            if response.status == 200:
                return response
            body = await _start_of(response)
            response.close()
            if response.status not in (400, 422) or not self._dialect.adapt(body):
                raise self._refusal(response, body)

    def _refusal(self, response: aiohttp.ClientResponse, body: bytes) -> ChatError:
        if response.status == 404 and self._auto:
            self._model = None  # It may serve another one now: ask again next time.
        retry_after = response.headers.get("Retry-After", "")
        return self._complaints.refusal(response.status, retry_after, body)

    async def _post(
        self, messages: Sequence[Message], options: ChatOptions, patience: Patience
    ) -> aiohttp.ClientResponse:
        if self._closed:
            raise self._complaints.closed()
        model = await self.resolve_model()
        request_id = {"X-Request-Id": options.request_id} if options.request_id else {}
        request = self._pool().post(
            f"{self._base}{self._dialect.path}",
            data=self._dialect.body(model, messages, options),
            headers={"Content-Type": "application/json", **request_id},
            allow_redirects=False,
        )
        try:
            return await patience.wait(request)
        except aiohttp.ClientError as error:
            raise self._complaints.unreachable(error) from error
        except TimeoutError as error:
            raise self._complaints.too_slow(patience.complaint) from error

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count this reply among those under way, and tell how it failed if it does."""
        most = self._endpoint.streams_max
        if self._streams >= most:
            self._watcher.limit_hit("llm_streams")
            raise self._complaints.busy(most)
        self._streams += 1
        try:
            yield
        except ChatError as error:
            self._watcher.failed(self.name, error.failure)
            raise
        finally:
            self._streams -= 1

    def _pool(self) -> aiohttp.ClientSession:
        """The session, made on first use because it belongs to the running loop."""
        if self._session is None:
            connect_s = self._endpoint.timeouts.connect_s
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, connect=connect_s),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _pause_before_retry(error: ChatError) -> float | None:
    """Seconds to wait before the one retry; None where it cannot help or comes too late.

    Unreachable is said before the first text only, so a retry never says anything twice.
    """
    if error.failure is not ChatFailure.UNREACHABLE:
        return None
    pause_s = error.retry_after_s if isinstance(error, Unavailable) else RETRY_S
    return pause_s if pause_s <= _RETRY_AFTER_S_MAX else None


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    """What a refusal says, as far as it arrives soon."""
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(_REFUSAL_S):
            return await response.content.read(_REFUSAL_BYTES_MAX)
    return b""
