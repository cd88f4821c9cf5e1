"""From a wish for a reply to a plan for it: which prompt, which voice, which limits. Pure.

What the request says goes before the session's configuration, and that before the settings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from models.llm import ChatOptions, Message, Tool
from voice_server.conversation import prompt
from voice_server.conversation.reply import ReplyPlan
from voice_server.conversation.timeline import Timeline
from voice_server.events import Item, ReplyCause, ReplyRequested, SessionConfig
from voice_server.settings import Settings
from voice_server.toolbox import ServerTool

T = TypeVar("T")

NOTHING_SPECIAL = ReplyRequested()
"""Everything as the session is configured."""


@dataclass(frozen=True, slots=True)
class ReplyCall:
    """A wish for a reply."""

    cause: ReplyCause
    turn: int | None = None
    text: str | None = field(default=None, repr=False)
    """Speak this; None: ask the language model."""
    request: ReplyRequested = NOTHING_SPECIAL
    """What the client asked for, if it did."""
    interruptible: bool = True
    timeline: Timeline = field(default_factory=Timeline)
    foreseen: str | None = field(default=None, repr=False)
    """What the user has probably said, not in the history yet."""
    items: tuple[Item, ...] | None = field(default=None, repr=False)
    """The prompt instead of the conversation."""
    may_call: bool = True
    """False: it has called tools often enough, and has to speak."""

    @property
    def follows(self) -> bool:
        """Whether what is playing goes on first."""
        return self.request.follows or self.cause == "tool"


@dataclass(frozen=True, slots=True)
class Casting:
    """Everything that plans of one session have in common."""

    session: str
    settings: Settings
    config: SessionConfig
    tools: Mapping[str, ServerTool]

    def plan(self, call: ReplyCall, *, number: int, rate: int, items: Sequence[Item]) -> ReplyPlan:
        """Everything reply `number` needs to know; `rate` is that of the audio to make, in hertz.

        `items` are the conversation so far.
        """
        tts = self.settings.tts
        tools = self._tools(call)
        return ReplyPlan(
            reply=number,
            messages=() if call.text is not None else self._messages(call, items),
            options=self._options(call, tools, number),
            apology=self.settings.llm.apology,
            rate=rate,
            text=call.text,
            voice=call.request.voice or self.config.voice or tts.voice,
            speed=self.config.speed or tts.speed,
            speaks=_first(call.request.speaks, self.config.speaks, default=True),
            audio_s_max=tts.reply_s_max,
            voice_timeout_s=tts.chunk_timeout_s,
            server_tools=frozenset(self.tools) - {tool.name for tool in self._offered(call)},
        )

    def _messages(self, call: ReplyCall, items: Sequence[Item]) -> Sequence[Message]:
        instructions = (
            call.request.instructions or self.config.instructions or self.settings.llm.system_prompt
        )
        return prompt.messages(items if call.items is None else call.items, instructions)

    def _options(self, call: ReplyCall, tools: tuple[Tool, ...], number: int) -> ChatOptions:
        llm, config, request = self.settings.llm, self.config, call.request
        choice = request.tool_choice or config.tool_choice or "auto"
        return ChatOptions(
            max_tokens=request.max_tokens or config.max_tokens or llm.max_tokens,
            temperature=_first(request.temperature, config.temperature, default=llm.temperature),
            request_id=f"{self.session}-{number}",
            tools=tools,
            tool_choice=choice if tools and call.may_call else "none" if tools else "auto",
        )

    def _tools(self, call: ReplyCall) -> tuple[Tool, ...]:
        """The client's, and ours whose names it does not use itself.

        Beside the conversation nobody would hear what a tool of ours says.
        """
        offered = self._offered(call)
        if call.request.aside:
            return offered
        names = {tool.name for tool in offered}
        ours = (own.tool for name, own in self.tools.items() if name not in names)
        return (*ours, *offered)

    def _offered(self, call: ReplyCall) -> tuple[Tool, ...]:
        return _first(call.request.tools, self.config.tools, default=())


def same_reply(left: ReplyPlan, right: ReplyPlan) -> bool:
    """Whether both plans lead to the same reply, whatever its number."""
    options = replace(left.options, request_id=right.options.request_id)
    return replace(left, reply=right.reply, options=options) == right


def _first(*values: T | None, default: T) -> T:
    return next((value for value in values if value is not None), default)
