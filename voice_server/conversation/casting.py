"""From a wish for a reply to a plan for it: which prompt, which voice, which limits. Pure."""

from dataclasses import dataclass, field, replace

from models.llm import ChatOptions
from voice_server.conversation.history import History
from voice_server.conversation.reply import ReplyPlan
from voice_server.conversation.timeline import Timeline
from voice_server.events import ReplyCause, SessionConfig
from voice_server.settings import Settings


@dataclass(frozen=True, slots=True)
class ReplyCall:
    """A wish for a reply."""

    cause: ReplyCause
    turn: int | None = None
    text: str | None = field(default=None, repr=False)
    """Speak this; None: ask the language model."""
    instructions: str | None = field(default=None, repr=False)
    voice: str | None = None
    interruptible: bool = True
    timeline: Timeline = field(default_factory=Timeline)
    foreseen: str | None = field(default=None, repr=False)
    """What the user has probably said, not in the history yet."""


def plan(
    call: ReplyCall,
    *,
    number: int,
    session: str,
    rate: int,
    settings: Settings,
    config: SessionConfig,
    history: History,
) -> ReplyPlan:
    """Everything reply `number` needs to know; `rate` is that of the audio to make, in hertz."""
    llm, tts = settings.llm, settings.tts
    prompt = call.instructions or config.instructions or llm.system_prompt
    heard = history if call.foreseen is None else history.foreseen(call.foreseen)
    return ReplyPlan(
        reply=number,
        messages=() if call.text is not None else heard.messages(prompt),
        options=ChatOptions(
            max_tokens=llm.max_tokens,
            temperature=llm.temperature,
            request_id=f"{session}-{number}",
        ),
        apology=llm.apology,
        rate=rate,
        text=call.text,
        voice=call.voice or config.voice or tts.voice,
        speed=config.speed or tts.speed,
        audio_s_max=tts.reply_s_max,
    )


def same_reply(left: ReplyPlan, right: ReplyPlan) -> bool:
    """Whether both plans lead to the same reply, whatever its number."""
    return replace(left, reply=right.reply, options=right.options) == right
