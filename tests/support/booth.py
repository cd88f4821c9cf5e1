"""A `Speaker` with scripted engines, and what a session does for it, in virtual time."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeVar

from models.scripted import ChatScript, ScriptedSynthesizer, VoiceScript
from tests.support.story import KIOSK, AttentiveChat
from voice_server import events as ev
from voice_server.conversation.active_reply import ReplyEvent
from voice_server.conversation.speaker import Speaker
from voice_server.conversation.turns import Turns
from voice_server.metrics import Metrics
from voice_server.settings import Settings
from voice_server.toolbox import ServerTool

EventT = TypeVar("EventT", bound=ev.ServerEvent)


class Booth:
    """One speaker at work."""

    def __init__(
        self,
        *texts: str,
        options: ev.SessionOptions = KIOSK,
        script: ChatScript | None = None,
        tools: Mapping[str, ServerTool] | None = None,
    ) -> None:
        settings = Settings()
        self.clock = asyncio.get_running_loop().time
        self.said: list[ev.ServerEvent] = []
        self.posted: deque[ev.InnerEvent] = deque()
        self.hand_on: Callable[[ev.InnerEvent], None] = lambda event: None
        """Who takes what is not about the reply."""
        self.turns = Turns(settings.turn)
        self.metrics = Metrics()
        self.chat = AttentiveChat(script or ChatScript(texts or ("It is noon.",)))
        self.speaker = Speaker(
            session="booth",
            settings=settings,
            options=options,
            chat=self.chat,
            synthesizer=ScriptedSynthesizer(VoiceScript(chunk_interval_ms=20)),
            tools=tools or {},
            turns=self.turns,
            metrics=self.metrics,
            clock=self.clock,
            emit=self.said.append,
            post=self.posted.append,
        )

    async def pass_time(self, seconds: float) -> None:
        """Let the reply be made and played, in steps of 10 ms."""
        for _ in range(round(seconds * 100)):
            self.work()
            await asyncio.sleep(0.01)
        self.work()

    def work(self) -> None:
        """Hand on what was posted, and send what is due."""
        while self.posted:
            event = self.posted.popleft()
            if isinstance(event, ReplyEvent):
                self.speaker.take(event, self.clock())
            else:
                self.hand_on(event)
        self.speaker.progress(self.clock())

    def all(self, kind: type[EventT]) -> list[EventT]:
        """Every event of a kind so far."""
        return [event for event in self.said if isinstance(event, kind)]

    def counted(self, name: str, **labels: str) -> float:
        """A counter of the metrics."""
        return self.metrics.registry.get_sample_value(f"voice_server_{name}", labels) or 0.0
