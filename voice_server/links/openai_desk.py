"""What all REST endpoints have in common: the door, places, answers to errors, counting.

The same keys, origins and host names as on the socket. A place at an endpoint is taken for as long
as the request lasts, so that files and long texts leave something for conversations.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from voice_server.admission import Admission
from voice_server.closes import ErrorCode
from voice_server.identity.budgets import Account
from voice_server.identity.identity import NOT_NOW, Denied, Identity, Refusal
from voice_server.identity.store import StoreUnavailable
from voice_server.links.approaching import approach_of
from voice_server.links.openai_streaming import ClientGone
from voice_server.metrics import Metrics
from voice_server.wires.openai_errors import ApiError, refused

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

IDENTITY = web.RequestKey("identity", Identity)
"""Who was let in; behind the door every request has one."""

ACCOUNT = web.RequestKey("account", Account)
"""What they may use."""

RETRY_S = 2
"""When to come back after all places were taken."""

_CLIENT_GONE = 499
"""Nobody reads this status; the metrics show it (nginx's word)."""


class OpenAIDesk:
    """Lets requests in, one endpoint beside the other."""

    def __init__(self, admission: Admission, metrics: Metrics) -> None:
        self._admission = admission
        self._metrics = metrics
        self._inside: Counter[str] = Counter()
        self._idle = asyncio.Event()
        self._idle.set()

    def serving(self, endpoint: str, handler: Handler, places: int | None = None) -> Handler:
        """`handler` behind the door, at most `places` requests at a time.

        It may raise `ApiError`, `Denied`, `StoreUnavailable`, `ClientGone`, and what is a defect.
        """

        async def served(request: web.Request) -> web.StreamResponse:
            try:
                await self._let_in(request)
                with self._place(endpoint, places):
                    response = await handler(request)
            except Denied as denied:
                response = self._refused(denied.refusal)
            except StoreUnavailable:
                response = self._refused(NOT_NOW)
            except ApiError as error:
                response = _told(error)
            except ClientGone:
                response = web.Response(status=_CLIENT_GONE)
            self._metrics.rest_requests.labels(endpoint, str(response.status)).inc()
            return response

        return served

    async def idle(self) -> None:
        """Return when no request is under way."""
        await self._idle.wait()

    async def _let_in(self, request: web.Request) -> None:
        approach = approach_of(request, self._admission.settings.server)
        identity = await self._admission.admit(approach)
        if identity.handed_on:  # its leash counts turns, and here are none
            message = "Tickets and client secrets are for talking only. Use a key here."
            raise Denied(Refusal(ErrorCode.FORBIDDEN, message))
        request[IDENTITY] = identity
        request[ACCOUNT] = Account(identity, self._admission.identities.budgets)
        if self._admission.draining:
            message = "The server is restarting. Try again."
            raise ApiError(503, message, code="no_capacity", retry_after_s=RETRY_S)

    def _refused(self, refusal: Refusal) -> web.Response:
        self._metrics.refused.labels(refusal.code.value).inc()
        return _told(refused(refusal))

    @contextmanager
    def _place(self, endpoint: str, places: int | None) -> Iterator[None]:
        if places is not None and self._inside[endpoint] >= places:
            self._metrics.limit_hits.labels(f"rest_{endpoint}").inc()
            message = f"{places} requests of this kind are under way, the most there may be."
            raise ApiError(429, message, code="rate_limit_exceeded", retry_after_s=RETRY_S)
        self._inside[endpoint] += 1
        self._idle.clear()
        self._metrics.rest_active.labels(endpoint).inc()
        try:
            yield
        finally:
            self._inside[endpoint] -= 1
            self._metrics.rest_active.labels(endpoint).dec()
            if not self._inside.total():
                self._idle.set()


def _told(error: ApiError) -> web.Response:
    return web.json_response(error.body, status=error.status, headers=error.headers)
