"""Begins replies: a plan, a task that carries it out, and the record of what comes of it.

Every reply has a number of its own, also those that are begun in vain; its task posts under that
number, so that what arrives from a reply that is gone is told apart by comparison.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from audio.echo import LevelTrack
from models.llm import ChatModel, PrefixWarmer
from models.tts import Synthesizer
from voice_server.closes import ErrorCode
from voice_server.conversation.active_reply import ActiveReply
from voice_server.conversation.casting import Casting, ReplyCall
from voice_server.conversation.playout import Playout, lead_ms
from voice_server.conversation.reply import AudioRoom, Reply, ReplyPlan
from voice_server.events import InnerEvent, Item, ReplyStageFailed, SessionConfig, SessionOptions
from voice_server.settings import Settings
from voice_server.tasks import watched
from voice_server.toolbox import ServerTool


class ReplyMaker:
    """What one session's replies are made with."""

    def __init__(
        self,
        *,
        session: str,
        settings: Settings,
        options: SessionOptions,
        chat: ChatModel,
        synthesizer: Synthesizer,
        tools: Mapping[str, ServerTool],
        post: Callable[[InnerEvent], None],
    ) -> None:
        self.options = options
        """Of the session, for the next reply."""
        self._casting = Casting(session, settings, SessionConfig(), tools)
        self._limits = settings.limits
        self._chat = chat
        self._synthesizer = synthesizer
        self._post = post
        self._begun = 0
        self._warming: asyncio.Task[None] | None = None

    @property
    def config(self) -> SessionConfig:
        """Of the session, for the next reply."""
        return self._casting.config

    @config.setter
    def config(self, config: SessionConfig) -> None:
        self._casting = replace(self._casting, config=config)

    def plan(self, call: ReplyCall, items: Sequence[Item]) -> ReplyPlan:
        """What the next reply would be, if it were to this call."""
        rate = self.options.output_rate
        return self._casting.plan(call, number=self._begun + 1, rate=rate, items=items)

    def warm(self, items: Sequence[Item]) -> None:
        """Have the language model read the conversation so far, if it keeps what it has read.

        The reply will be to more than that, and nothing waits for this.
        """
        if isinstance(self._chat, PrefixWarmer) and self._warming is None:
            self._warming = watched(self._warm(self._chat, items), lambda: None)

    async def _warm(self, chat: PrefixWarmer, items: Sequence[Item]) -> None:
        try:
            plan = self.plan(ReplyCall("vad"), items)
            await chat.warm(plan.messages, plan.options)
        finally:
            self._warming = None

    def close(self) -> None:
        """The session is over."""
        if self._warming:
            self._warming.cancel()

    def begin(
        self, call: ReplyCall, items: Sequence[Item], number: int, *, starts_at: float = 0.0
    ) -> ActiveReply:
        """Begin a reply that the client knows as `number`; `starts_at` is for its `Playout`."""
        plan = self.plan(call, items)
        self._begun += 1
        lead = lead_ms(self.options, self._limits)
        reply = ActiveReply(
            number=number,
            plan=plan,
            cause=call.cause,
            turn=call.turn,
            playout=Playout(number, plan.rate, lead, starts_at=starts_at),
            room=AudioRoom(),
            timeline=call.timeline,
            request=call.request if call.cause == "request" else None,
            interruptible=call.interruptible,
            levels=None if self.options.echo_cancelled else LevelTrack(plan.rate),
        )
        crashed = ReplyStageFailed(plan.reply, ErrorCode.INTERNAL, "The reply crashed.")
        task = Reply(plan, self._chat, self._synthesizer, reply.room, self._post)
        reply.task = watched(task.run(), lambda: self._post(crashed))
        return reply
