"""A talker through all troubles: speaks numbered audio, and keeps account of what came of it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from tests.support.numbered import Conservation, numbered
from voice_server.client import (
    Call,
    ConnectionLost,
    ConnectionRefused,
    Final,
    Ready,
    Reconnected,
    Reconnecting,
    Reconnection,
    ServerFull,
    connect,
)
from voice_server.client.events import Audio, Event, Message, Notice, ReplyDone, ReplyStarted

PATIENCE = Reconnection(attempts_max=None, shortest_s=0.05, longest_s=1.0)
PIECE_FRAMES = 5
COMMIT_EVERY_FRAMES = 40
PACE = 2.0
"""Times real time: as fast as servers allow for long."""
QUIET_S = 20.0
"""Without news for so long, whatever is missing does not come any more."""


@dataclass(slots=True)
class Account:
    """What became of one talker's conversation."""

    spoken: int = 0
    """Frames of 10 ms."""
    conservation: Conservation = field(default_factory=Conservation)
    gaps: int = 0
    """Events that were passed over, or told twice."""
    resumed: int = 0
    afresh: int = 0
    """Times that the session did not come back."""
    replies: Counter[str] = field(default_factory=Counter)
    """How often each reply has begun, less how often it was done."""
    notices: list[str] = field(default_factory=list)
    """What the server had to say besides."""
    resume_s: list[float] = field(default_factory=list)
    """From the end of a connection to the next session that goes on."""

    @property
    def unfinished(self) -> list[str]:
        """Replies that ended twice, or never; the last one may still be going on."""
        return [name for name, times in list(self.replies.items())[:-1] if times]

    @property
    def lost(self) -> str:
        """Frames that no final has."""
        return self.conservation.lost(self.spoken)

    @property
    def doubled(self) -> str:
        """Frames that several finals have."""
        return self.conservation.doubled()


class Talker:
    """One conversation with the server behind `url`."""

    def __init__(self, url: str, watch: Callable[[Event], None] = lambda event: None) -> None:
        """`watch` sees every event."""
        self.account = Account()
        self._url = url
        self._watch = watch
        self._seen = 0
        self._broke_at: float | None = None
        self._news = asyncio.Event()
        self._clock = asyncio.get_running_loop().time

    async def talk(self, seconds: float, until: asyncio.Event | None = None) -> Account:
        """Speak for so long, and longer until something happens; then wait for the last final."""
        async with AsyncExitStack() as stack:
            call = await self._connected(stack)
            listening = asyncio.create_task(self._listen(call))
            await self._speak(call, seconds, until)
            await self._settled()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        return self.account

    async def _connected(self, stack: AsyncExitStack) -> Call:
        """As soon as there is a place."""
        while True:
            call = connect(self._url, reconnection=PATIENCE, output_rate=16_000)
            try:
                return await stack.enter_async_context(call)
            except (ServerFull, ConnectionLost, ConnectionRefused):
                await asyncio.sleep(PATIENCE.shortest_s)

    async def _speak(self, call: Call, seconds: float, until: asyncio.Event | None) -> None:
        least = self._clock() + seconds
        most = least + QUIET_S
        account = self.account
        while (now := self._clock()) < least or (until and not until.is_set() and now < most):
            piece = numbered(account.spoken, PIECE_FRAMES)
            await call.send_audio(piece)
            account.spoken += PIECE_FRAMES
            if account.spoken % COMMIT_EVERY_FRAMES == 0:
                await call.commit()
            await asyncio.sleep(PIECE_FRAMES / 100 / PACE)
        await call.commit()

    async def _settled(self) -> None:
        """Return when every frame is in a final, or nothing comes any more."""
        try:
            while self.account.lost:
                self._news.clear()
                async with asyncio.timeout(QUIET_S):
                    await self._news.wait()
        except TimeoutError:
            pass  # the account says what is missing

    async def _listen(self, call: Call) -> None:
        async for event in call:
            self._note(event)
            self._watch(event)
            self._news.set()

    def _note(self, event: Event) -> None:
        self._check_number(event)
        match event:
            case Final(text=text):
                self.account.conservation.final(text)
            case Reconnecting() if self._broke_at is None:
                self._broke_at = self._clock()
            case Reconnected(resumed=resumed) if self._broke_at is not None:
                self._count(resumed, self._clock() - self._broke_at)
                self._broke_at = None
            case ReplyStarted(response=name):
                self.account.replies[name] += 1
            case ReplyDone(response=name):
                self.account.replies[name] -= 1
            case Notice(code=code):
                self.account.notices.append(code)

    def _count(self, resumed: bool, seconds: float) -> None:
        if resumed:
            self.account.resumed += 1
            self.account.resume_s.append(seconds)
        else:
            self.account.afresh += 1

    def _check_number(self, event: Event) -> None:
        number = event.sn if isinstance(event, Audio | Message) else None
        if number is None:
            return
        if isinstance(event, Ready) or number == self._seen + 1:
            self._seen = number
            return
        self.account.gaps += 1
        self._seen = number
