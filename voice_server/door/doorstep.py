"""One connection, from the accept to the end: every byte passes here before aiohttp sees it.

It is in one of three states. *Waiting for a head*: the head may take only so long and so much room;
between requests the time runs from the first byte, or at once if that may have come already.
*Answering*: what comes is the body of the request or belongs to the next one, and aiohttp minds it.
*Upgraded*: frames are looked at. The middleware in `reception` says when one follows the other.
"""

import asyncio
import struct
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from voice_server.closes import CLOSES, ErrorCode
from voice_server.door.frame_check import (
    CONTROL_BURST_S,
    FRAMES_BURST_S,
    Fault,
    FrameCheck,
)
from voice_server.door.request_head import RequestHead
from voice_server.intake import TokenBucket
from voice_server.settings import LimitSettings

LINGER_S = 2.0
"""After the last word we go on reading: closing before all is read would take the word back."""

CountLimit = Callable[[str], None]
"""Called with the name of a limit that was reached."""


class Doorstep(asyncio.Protocol):
    """A protocol in front of another one, which it hands the connection and all that may pass."""

    def __init__(
        self,
        inside: asyncio.Protocol,
        limits: LimitSettings,
        count_limit: CountLimit,
        on_gone: Callable[[], None],
    ) -> None:
        self._inside = inside
        self._limits = limits
        self._count_limit = count_limit
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._head: RequestHead | None = None
        """Of the request that is waited for; None while one is answered."""
        self._frames: FrameCheck | None = None
        self._more_came = False
        """Behind the request that is answered: its body, or half of the next one."""
        self._deadline: asyncio.TimerHandle | None = None
        self._over = False

    # The middleware's side -------------------------------------------------------------------

    def begin_answer(self) -> bool:
        """A request was understood. True if nothing has come behind it yet."""
        if not self._over:
            self._cancel_deadline()
        alone = self._head is not None and self._head.alone
        self._head = None
        self._more_came = not alone
        return alone

    def begin_frames(self) -> None:
        """From here on the client sends frames."""
        limits = self._limits
        control, all_frames = float(limits.control_frames_per_s), float(limits.frames_per_s)
        now = self._loop.time()
        self._frames = FrameCheck(
            limits.fragments_max,
            TokenBucket(control, control * CONTROL_BURST_S, now),
            TokenBucket(all_frames, all_frames * FRAMES_BURST_S, now),
        )

    def end_answer(self) -> None:
        """The request is answered; another one may follow."""
        self._frames = None
        self._head = RequestHead(self._limits.head_bytes_max)
        if self._more_came and not self._over:
            self._set_deadline()

    # asyncio's side --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the connection on, and begin to wait."""
        self._transport = cast(asyncio.Transport, transport)
        self._head = RequestHead(self._limits.head_bytes_max)
        self._set_deadline()
        self._inside.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._over = True
        self._cancel_deadline()
        self._inside.connection_lost(exc)
        self._on_gone()

    def data_received(self, data: bytes) -> None:
        """Pass on what may pass."""
        if self._over:
            return
        if self._frames is not None:
            data = self._admitted(self._frames, data)
        elif self._head is not None:
            self._note(self._head, data)
        else:
            self._more_came = True
        if data and not self._over:
            self._inside.data_received(data)

    def eof_received(self) -> bool | None:
        """Tell the protocol inside."""
        return self._inside.eof_received()

    def pause_writing(self) -> None:
        """Tell the protocol inside."""
        self._inside.pause_writing()

    def resume_writing(self) -> None:
        """Tell the protocol inside."""
        self._inside.resume_writing()

    # Heads -----------------------------------------------------------------------------------

    def _note(self, head: RequestHead, data: bytes) -> None:
        if self._deadline is None:
            self._set_deadline()
        head.feed(data)
        if head.too_long:
            self._count_limit("head_bytes")
            self._end(plain_answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))

    def _set_deadline(self) -> None:
        self._deadline = self._loop.call_later(self._limits.header_timeout_s, self._too_late)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._count_limit("header_timeout")
        if self._head is not None and self._head.begun:
            self._end(plain_answer(HTTPStatus.REQUEST_TIMEOUT))
        else:
            self._transport.abort()  # nothing was asked

    def _end(self, last_word: bytes) -> None:
        """Say something and close, without a word to the protocol inside."""
        self._over = True
        self._cancel_deadline()
        self._transport.write(last_word)
        self._deadline = self._loop.call_later(LINGER_S, self._transport.abort)

    # Frames ----------------------------------------------------------------------------------

    def _admitted(self, frames: FrameCheck, data: bytes) -> bytes:
        before = frames.fault
        admitted = frames.admit(data, self._loop.time())
        if frames.fault is not before:
            self._object(frames.fault)
        return admitted

    def _object(self, fault: Fault | None) -> None:
        if fault in (Fault.FRAGMENTS, Fault.CONTROL_FRAMES, Fault.FRAMES):
            self._count_limit(fault.label)
        code = CLOSES[ErrorCode.RATE_LIMITED].code
        if fault is Fault.CONTROL_FRAMES:
            most = self._limits.control_frames_per_s
            self._end(close_frame(code, f"Send at most {most} pings per second."))
        if fault is Fault.FRAMES:
            most = self._limits.frames_per_s
            self._end(close_frame(code, f"Send at most {most} frames per second."))


def plain_answer(status: HTTPStatus) -> bytes:
    """An answer for those with whom aiohttp does not get to speak."""
    body = f"{status.phrase}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: text/plain",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + body


def close_frame(code: int, reason: str) -> bytes:
    """A server's close frame (RFC 6455, 5.5.1); the reason has at most 123 bytes."""
    payload = struct.pack(">H", code) + reason.encode()
    return bytes([0x88, len(payload)]) + payload
