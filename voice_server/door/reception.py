"""Where aiohttp and the doorstep meet: a middleware, and the check of a WebSocket handshake.

A server without a front door, as in tests of single routes, works as well: then nobody is told.
"""

import json
from typing import NoReturn

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from voice_server.closes import ErrorCode
from voice_server.door.doorstep import Doorstep
from voice_server.door.handshake import (
    Objection,
    answer_headers,
    asks_for_websocket,
    handshake_objection,
    request_objection,
)


@web.middleware
async def reception(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the doorstep what goes on, and refuse requests that could mean two things."""
    step = doorstep_of(request)
    if step is None:
        return await handler(request)
    alone = step.begin_answer()
    try:
        if objection := request_objection(request.version, request.path, request.headers):
            _refuse(objection)
        if asks_for_websocket(request.method, request.headers) and not request.can_read_body:
            if not alone:
                _refuse(Objection(400, "Wait for the answer to the handshake, then send more."))
            step.begin_frames()
        return await handler(request)
    finally:
        step.end_answer()


def check_handshake(request: web.Request) -> None:
    """Raise the answer to a request for a WebSocket that is not what RFC 6455 wants."""
    objection = handshake_objection(
        request.version, request.method, request.headers, has_body=request.can_read_body
    )
    if objection:
        _refuse(objection)


def doorstep_of(request: web.Request) -> Doorstep | None:
    """The doorstep that this request came over."""
    protocol = request.transport.get_protocol() if request.transport else None
    return protocol if isinstance(protocol, Doorstep) else None


def _refuse(objection: Objection) -> NoReturn:
    body = {"error": {"code": ErrorCode.BAD_REQUEST, "message": objection.message}}
    answer = web.HTTPException(
        headers=answer_headers(objection), text=json.dumps(body), content_type="application/json"
    )
    answer.set_status(objection.status)
    if objection.status == web.HTTPBadRequest.status_code:
        answer.headers[hdrs.CONNECTION] = "close"
        answer.force_close()
    raise answer
