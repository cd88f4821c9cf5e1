"""The switchboard: takes WebSocket calls, one link each, whatever the wire.

Every endpoint that speaks over a WebSocket comes through here, so that who is let in, how many may
talk, what a socket may use and how it ends are the same for all of them.
"""

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import cast

from aiohttp import web

from voice_server import events as ev
from voice_server.admission import Admission
from voice_server.closes import CLOSES
from voice_server.conversation.house import House
from voice_server.conversation.session import Session
from voice_server.door.reception import check_handshake, doorstep_of
from voice_server.identity.identity import Denied, Identity, Refusal
from voice_server.identity.visit import Visit
from voice_server.links.approaching import approach_of
from voice_server.links.manners import OURS, Manners
from voice_server.links.websocket import MessageSocket, WebSocketLink
from voice_server.wires import Introduced, Wire

logger = logging.getLogger(__name__)

SEND_BUFFER_BYTES = 65_536
"""Kernel buffer: what lies there can no longer be taken back at a barge-in."""

CLOSE_TIMEOUT_S = 2.0
"""aiohttp's own patience with a close, after ours."""


class Switchboard:
    """All WebSocket calls of one process."""

    def __init__(self, house: House, admission: Admission) -> None:
        self._house = house
        self._admission = admission
        self._links: set[WebSocketLink] = set()
        self._empty = asyncio.Event()
        self._empty.set()

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

        `known` is one who was checked already, and has places of their own.
        """
        approach = approach_of(request, self._house.settings.server)
        try:
            identity = known or await self._admission.admit(approach)
            visit = Visit(identity, self._admission.identities, f"ses_{secrets.token_hex(12)}")
            address = visit.session if known else approach.address
            async with self._admission.place(identity, address, visit.session):
                return await self._serve(request, wire, subprotocols, visit, manners)
        except Denied as denied:
            return await self._refuse(request, wire, denied.refusal, subprotocols, manners)

    async def _serve(
        self,
        request: web.Request,
        wire: Wire,
        subprotocols: tuple[str, ...],
        visit: Visit,
        manners: Manners,
    ) -> web.StreamResponse:
        check_handshake(request)
        if isinstance(wire, Introduced):
            wire.introduce(visit.identity)
        response = self._response(subprotocols, manners)
        await response.prepare(request)
        link = self._link(response, _limited_transport(request), wire, visit, manners)
        if step := doorstep_of(request):
            step.on_flood = link.refuse_flood
        await self._talk(link, visit)
        return response

    async def hold(
        self, socket: MessageSocket, transport: asyncio.Transport, wire: Wire, known: Identity
    ) -> None:
        """Talk on a connection that is no WebSocket, until one side leaves. Raises `Denied`."""
        visit = Visit(known, self._admission.identities, f"ses_{secrets.token_hex(12)}")
        async with self._admission.place(known, visit.session, visit.session):
            await self._talk(self._link(socket, transport, wire, visit), visit)

    def _link(
        self,
        socket: MessageSocket,
        transport: asyncio.Transport,
        wire: Wire,
        visit: Visit,
        manners: Manners = OURS,
    ) -> WebSocketLink:
        return WebSocketLink(
            socket=socket,
            transport=transport,
            wire=wire,
            limits=manners.limits(self._house.settings.limits),
            close_code=manners.close_code,
            metrics=self._house.metrics,
            open_session=partial(self._open_session, visit),
        )

    async def _talk(self, link: WebSocketLink, visit: Visit) -> None:
        self._links.add(link)
        self._empty.clear()
        try:
            await link.run()
        finally:
            await visit.end()
            self._links.discard(link)
            if not self._links:
                self._empty.set()
            if link.session:
                self._house.metrics.sessions.dec()

    def _response(self, subprotocols: tuple[str, ...], manners: Manners) -> web.WebSocketResponse:
        limits = manners.limits(self._house.settings.limits)
        return web.WebSocketResponse(
            protocols=subprotocols,
            max_msg_size=limits.message_bytes_max + 1,  # aiohttp refuses what reaches the limit
            compress=False,
            heartbeat=limits.ping_interval_s,
            timeout=CLOSE_TIMEOUT_S,
        )

    def _open_session(
        self, visit: Visit, asked: ev.SessionOptions, emit: Callable[[ev.ServerEvent], None]
    ) -> Session:
        options = visit.options(asked)
        house = replace(self._house, settings=visit.settings(self._house.settings))
        session = Session(visit.session, options, house, visit.begin(options.mode, emit))
        self._house.metrics.sessions.inc()
        self._house.metrics.sessions_total.labels(options.mode).inc()
        extra = {"session": session.id, "mode": options.mode, "client": options.client}
        extra |= {"user": visit.identity.user, "how": visit.identity.how}
        logger.info("session opened", extra=extra)
        return session

    async def _refuse(
        self,
        request: web.Request,
        wire: Wire,
        refusal: Refusal,
        subprotocols: tuple[str, ...],
        manners: Manners,
    ) -> web.StreamResponse:
        """Say no. A page's script cannot see an HTTP status, so our own is told on the socket."""
        self._house.metrics.refused.labels(refusal.code.value).inc()
        status = CLOSES[refusal.code].http_status
        own_page = "Origin" in request.headers and status != web.HTTPForbidden.status_code
        if not own_page:
            headers = {"Retry-After": str(refusal.retry_after_s)} if refusal.retry_after_s else {}
            return web.json_response(manners.refusal(refusal), status=status, headers=headers)
        response = self._response(subprotocols, manners)
        await response.prepare(request)
        told = wire.send(ev.ErrorRaised(refusal.code, refusal.message, fatal=True), 0)
        with suppress(ConnectionError):
            for message in told:
                await response.send_str(str(message))
        await response.close(code=manners.close_code(refusal.code))
        return response

    # The end ---------------------------------------------------------------------------------

    def leave(self) -> None:
        """Ask every session to end at its next pause."""
        for link in list(self._links):
            link.leave()

    def abort(self) -> None:
        """Cut off whoever is still there."""
        for link in list(self._links):
            link.abort()

    async def idle(self) -> None:
        """Return when nobody is connected."""
        await self._empty.wait()


def _limited_transport(request: web.Request) -> asyncio.Transport:
    """The connection's transport, with a small send buffer in the kernel."""
    transport = cast(asyncio.Transport, request.transport)
    sock: socket.socket = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return transport
