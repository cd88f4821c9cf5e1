"""The first seconds of a line: wait until the client has opened a session."""

import asyncio

from voice_server import events as ev
from voice_server.calls.incoming import Incoming
from voice_server.calls.line import Line
from voice_server.calls.terms import Terms
from voice_server.closes import ErrorCode
from voice_server.intake import TooMuch


class Greeting:
    """What is said to a client before there is a call."""

    def __init__(self, line: Line, incoming: Incoming, terms: Terms) -> None:
        self._line = line
        self._incoming = incoming
        self._terms = terms
        self._clock = asyncio.get_running_loop().time

    async def opened(self) -> ev.SessionOpened | None:
        """What the client wants; None, and the line is closed, if it leaves or cannot have it."""
        try:
            async with asyncio.timeout(self._terms.limits.hello_timeout_s):
                async for event in self._incoming:
                    match event:
                        case ev.SessionOpened():
                            return event
                        case ev.MessageRefused(code, message, id, fatal):
                            error = ev.ErrorRaised(code, message, fatal, id)
                            if not await self.refuse(error):
                                return None
                        case _:
                            pass
        except TimeoutError:
            seconds = f"{self._terms.limits.hello_timeout_s:g}"
            message = f"Nothing came for {seconds} s. Send hello, or audio, after connecting."
            self._terms.metrics.limit_hits.labels("hello_timeout").inc()
            await self.refuse(ev.ErrorRaised(ErrorCode.HELLO_TIMEOUT, message, fatal=True))
        except TooMuch as failure:
            self._terms.metrics.limit_hits.labels(failure.limit).inc()
            await self.refuse(ev.ErrorRaised(failure.code, str(failure), fatal=True))
        return None

    async def refuse(self, error: ev.ErrorRaised) -> bool:
        """Tell the client, and close the line if the error is fatal. Returns whether it goes on."""
        self._terms.metrics.errors.labels(error.code.value).inc()
        try:
            async with asyncio.timeout(self._terms.limits.send_timeout_s):
                for data in self._incoming.wire.send(error, int(self._clock() * 1000)):
                    await self._line.send(data)
        except (TimeoutError, ConnectionError):
            self._line.abort()
            return False
        if error.fatal:
            await self._line.close(self._terms.close_code(error.code))
        return not error.fatal
