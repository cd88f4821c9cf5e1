"""The switchboard: takes WebSocket connections, whatever the wire.

Every endpoint that speaks over a WebSocket comes through here, so that who is let in, how many may
talk, what a socket may use and how it ends are the same for all of them.
"""

import asyncio
import secrets
import socket
import time
from contextlib import suppress
from typing import cast

from aiohttp import web

from voice_server import events as ev
from voice_server.admission import Admission
from voice_server.calls.call_store import CallStore
from voice_server.closes import CLOSES
from voice_server.conversation.house import House
from voice_server.door.reception import check_handshake
from voice_server.identity.identity import Denied, Identity, Refusal
from voice_server.identity.visit import Visit
from voice_server.intake import TokenBucket
from voice_server.links.approaching import approach_of
from voice_server.links.caller import Caller, Place
from voice_server.links.manners import OURS, Manners
from voice_server.links.operator import Operator
from voice_server.links.websocket import MessageSocket, WebSocketLink
from voice_server.wires.wire import Introduced, Wire

SEND_BUFFER_BYTES = 65_536
"""Kernel buffer: what lies there can no longer be taken back at a barge-in."""

SESSION_KEY = "sid"
"""Of the address: the session that a client wants back. Proxies may choose a server by it."""

CLOSE_TIMEOUT_S = 2.0
"""aiohttp's own patience with a close, after ours."""


class Switchboard:
    """All connections of one process over which somebody talks."""

    def __init__(self, house: House, admission: Admission, calls: CallStore | None = None) -> None:
        """`calls` are kept there for the case that this process dies."""
        self._house = house
        self._admission = admission
        per_s = float(house.settings.limits.polite_refusals_per_s_max)
        self._polite = TokenBucket(per_s, per_s, time.monotonic())
        self._operator = Operator(house, calls)

    async def connect(
        self,
        request: web.Request,
        wire: Wire,
        subprotocols: tuple[str, ...] = (),
        *,
        known: Identity | None = None,
        manners: Manners = OURS,
    ) -> web.StreamResponse:
        """Let a caller in, or not, and talk until one side leaves.

        A client that comes back names its session in the address: it has a place already. `known`
        is one who was checked already, and has places of their own.
        """
        approach = approach_of(request, self._house.settings.server)
        try:
            identity = known or await self._admission.admit(approach)
            visit = self._visit(identity)
            place = Place(self._admission, visit, visit.session if known else approach.address)
            if not await self._operator.expects(request.query.get(SESSION_KEY, ""), identity.user):
                await place.take()
        except Denied as denied:
            return await self._refuse(request, wire, denied.refusal, subprotocols, manners)
        try:
            return await self._serve(request, Caller(wire, visit, place, manners), subprotocols)
        finally:
            await place.give_back()

    async def _serve(
        self, request: web.Request, caller: Caller, subprotocols: tuple[str, ...]
    ) -> web.StreamResponse:
        check_handshake(request)
        if isinstance(caller.wire, Introduced):
            caller.wire.introduce(caller.visit.identity)
        response = self._response(subprotocols, caller.manners)
        await response.prepare(request)
        link = self._link(response, _limited_transport(request), caller.manners)
        await self._operator.put_through(link, caller)
        return response

    async def hold(
        self, socket: MessageSocket, transport: asyncio.Transport, wire: Wire, known: Identity
    ) -> None:
        """Talk on a connection that is no WebSocket, until one side leaves. Raises `Denied`."""
        visit = self._visit(known)
        place = Place(self._admission, visit, visit.session)
        await place.take()
        try:
            link = self._link(socket, transport, OURS)
            await self._operator.put_through(link, Caller(wire, visit, place, OURS))
        finally:
            await place.give_back()

    def _visit(self, identity: Identity) -> Visit:
        process = self._house.settings.server.name
        session = "_".join(filter(None, ("ses", process, secrets.token_hex(12))))
        return Visit(identity, self._admission.identities, session)

    def _link(
        self, socket: MessageSocket, transport: asyncio.Transport, manners: Manners
    ) -> WebSocketLink:
        limits = manners.limits(self._house.settings.limits)
        return WebSocketLink(socket, transport, limits, self._house.metrics)

    def _response(self, subprotocols: tuple[str, ...], manners: Manners) -> web.WebSocketResponse:
        limits = manners.limits(self._house.settings.limits)
        return web.WebSocketResponse(
            protocols=subprotocols,
            max_msg_size=limits.message_bytes_max + 1,  # aiohttp refuses what reaches the limit
            compress=False,
            heartbeat=limits.ping_interval_s,
            timeout=CLOSE_TIMEOUT_S,
        )

    async def _refuse(
        self,
        request: web.Request,
        wire: Wire,
        refusal: Refusal,
        subprotocols: tuple[str, ...],
        manners: Manners,
    ) -> web.StreamResponse:
        """Say no. A page's script cannot see an HTTP status, so our own is told on the socket.

        Unless another process may say yes: then the proxy before us has to see the status.
        """
        self._house.metrics.refused.labels(refusal.code.value).inc()
        status = CLOSES[refusal.code].http_status
        own_page = "Origin" in request.headers and status != web.HTTPForbidden.status_code
        alone = not self._house.settings.server.name
        told = own_page and (status != web.HTTPServiceUnavailable.status_code or alone)
        if not told or not self._may_be_polite():
            headers = {"Retry-After": str(refusal.retry_after_s)} if refusal.retry_after_s else {}
            return web.json_response(manners.refusal(refusal), status=status, headers=headers)
        response = self._response(subprotocols, manners)
        await response.prepare(request)
        wait_s = refusal.retry_after_s
        error = ev.ErrorRaised(refusal.code, refusal.message, fatal=True, retry_after_s=wait_s)
        with suppress(ConnectionError):
            for message in wire.send(error, 0):
                await response.send_str(str(message))
        await response.close(code=manners.close_code(refusal.code))
        return response

    def _may_be_polite(self) -> bool:
        """Whether there is time for a refusal on the socket: it costs twice as much as a status."""
        now = time.monotonic()
        if self._polite.has(1, now):
            self._polite.take(1, now)
            return True
        self._house.metrics.limit_hits.labels("polite_refusals").inc()
        return False

    # The end ---------------------------------------------------------------------------------

    def leave(self) -> None:
        """Ask every session to end at its next pause."""
        self._operator.leave()

    def abort(self) -> None:
        """Cut off whoever is still there."""
        self._operator.abort()

    async def idle(self) -> None:
        """Return when nobody is connected, and nobody is waited for."""
        await self._operator.idle()


def _limited_transport(request: web.Request) -> asyncio.Transport:
    """The connection's transport, with a small send buffer in the kernel."""
    transport = cast(asyncio.Transport, request.transport)
    sock: socket.socket = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return transport
