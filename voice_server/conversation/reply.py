"""One reply: language-model tokens to clauses to audio, as one task that is cancelled as one.

Two halves run side by side: the *writer* relays tokens the moment they arrive and cuts clauses; the
*speaker* voices one clause after another. They post what they make and decide nothing.
Cancelling the task closes the language model's connection and the voice's stream; whatever was
posted before carries the reply's number and is ignored by comparison.

If the language model fails before its first word, an apology is spoken in its place. If the voice
fails, the text goes on without it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from audio import Samples
from audio.resample import Resampler
from models.llm import (
    ChatError,
    ChatModel,
    ChatOptions,
    Completed,
    Message,
    TextDelta,
    ToolCallDelta,
)
from models.tts import SpeechChunk, SynthesisError, Synthesizer, WordMark
from voice_server.closes import ErrorCode
from voice_server.conversation.clauses import Clause, ClauseCutter
from voice_server.conversation.spoken import Spoken, spoken
from voice_server.events import (
    InnerEvent,
    ReplyClauseCut,
    ReplyStageFailed,
    ReplyTextEnded,
    ReplyToolWritten,
    ReplyVoiced,
    ReplyVoiceEnded,
    ReplyWritten,
)

CLAUSES_WAITING_MAX = 8
"""Clauses that may wait for the voice; then the writer stops reading tokens."""

Post = Callable[[InnerEvent], None]


@dataclass(frozen=True, slots=True)
class ReplyPlan:
    """Everything a reply needs to know beforehand."""

    reply: int
    messages: Sequence[Message] = field(repr=False)
    """The prompt; empty when `text` is to be spoken as it is."""
    options: ChatOptions
    apology: str = field(repr=False)
    rate: int
    """Hertz of the audio to make."""
    text: str | None = field(default=None, repr=False)
    voice: str | None = None
    speed: float = 1.0
    speaks: bool = True
    """False: it is only written."""
    audio_s_max: int = 60
    voice_timeout_s: float = 12.0
    """The voice has failed when it makes nothing for so long."""
    server_tools: frozenset[str] = frozenset()
    """Names of the tools that the server runs itself."""


class AudioRoom:
    """The session's word on whether more audio may be made now."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    def set(self, is_open: bool) -> None:
        """Let the speaker go on, or make it wait."""
        if is_open:
            self._open.set()
        else:
            self._open.clear()

    async def wait(self) -> None:
        """Return when more audio may be made."""
        await self._open.wait()


class Reply:
    """The two halves of one reply."""

    def __init__(
        self,
        plan: ReplyPlan,
        chat: ChatModel,
        synthesizer: Synthesizer,
        room: AudioRoom,
        post: Post,
    ) -> None:
        self._plan = plan
        self._chat = chat
        self._synthesizer = synthesizer
        self._room = room
        self._post = post
        self._clauses: asyncio.Queue[Clause | None] = asyncio.Queue(CLAUSES_WAITING_MAX)
        self._samples = 0

    async def run(self) -> None:
        """Make the reply. Every failure an engine declares is posted, not raised."""
        async with asyncio.TaskGroup() as halves:
            writer = halves.create_task(self._write())
            halves.create_task(self._speak(writer))

    # The writer ------------------------------------------------------------------------------

    async def _write(self) -> None:
        cutter = ClauseCutter()
        if self._plan.text is not None:
            await self._say(self._plan.text, cutter)
            self._post(ReplyTextEnded(self._plan.reply, "stop", {}))
        else:
            await self._relay(cutter)
        for clause in cutter.finish():
            await self._send(clause)
        await self._clauses.put(None)

    async def _relay(self, cutter: ClauseCutter) -> None:
        written = False
        try:
            async with aclosing(
                self._chat.reply(self._plan.messages, self._plan.options)
            ) as stream:
                async for piece in stream:
                    match piece:
                        case TextDelta(""):
                            pass
                        case TextDelta(text):
                            written = True
                            await self._say(text, cutter)
                        case ToolCallDelta(id, name, arguments):
                            written = True
                            self._post(ReplyToolWritten(self._plan.reply, id, name, arguments))
                        case Completed(reason):
                            self._post(ReplyTextEnded(self._plan.reply, reason, _usage(piece)))
        except ChatError as error:
            self._fail(ErrorCode.LLM_FAILED, error)
            if not written:
                await self._say(self._plan.apology, cutter)

    async def _say(self, text: str, cutter: ClauseCutter) -> None:
        self._post(ReplyWritten(self._plan.reply, text))
        if self._plan.speaks:
            for clause in cutter.feed(text):
                await self._send(clause)

    async def _send(self, clause: Clause) -> None:
        self._post(ReplyClauseCut(self._plan.reply))
        await self._clauses.put(clause)

    # The speaker -----------------------------------------------------------------------------

    async def _speak(self, writer: asyncio.Task[None]) -> None:
        silent = False
        while (clause := await self._clauses.get()) is not None:
            if silent:
                continue
            if self._samples >= self._plan.audio_s_max * self._plan.rate:
                writer.cancel()
                self._post(ReplyVoiceEnded(self._plan.reply, whole=False))
                return
            try:
                await self._voice(clause)
            except SynthesisError as error:
                self._fail(ErrorCode.TTS_FAILED, error)
                silent = True
        self._post(ReplyVoiceEnded(self._plan.reply))

    async def _voice(self, clause: Clause) -> None:
        say = spoken(clause.text)
        if not say.text:
            return
        plan = self._plan
        resampler = Resampler(self._synthesizer.rate, plan.rate)
        begin = self._samples
        async with aclosing(
            self._synthesizer.speak(say.text, voice=plan.voice, speed=plan.speed, urgent=not begin)
        ) as chunks:
            while chunk := await self._next(chunks):
                marks = [self._located(mark, clause, say, begin) for mark in chunk.marks]
                self._voiced(resampler.feed(chunk.samples), marks)
                await self._room.wait()
        self._voiced(resampler.flush(), ())

    async def _next(self, chunks: AsyncGenerator[SpeechChunk, None]) -> SpeechChunk | None:
        """What the voice makes next, None at its end. Raises `SynthesisError`."""
        timeout_s = self._plan.voice_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return await anext(chunks, None)
        except TimeoutError:
            raise SynthesisError(f"The voice made nothing for {timeout_s:g} s.") from None

    def _voiced(self, samples: Samples, marks: Sequence[WordMark]) -> None:
        self._samples += len(samples)
        if len(samples) or marks:
            self._post(ReplyVoiced(self._plan.reply, samples, tuple(marks)))

    def _located(self, mark: WordMark, clause: Clause, say: Spoken, begin: int) -> WordMark:
        """A mark of the clause, as characters of the reply and samples of its stream."""
        start_char, end_char = say.written_span(mark.start_char, mark.end_char)
        scale = self._plan.rate / self._synthesizer.rate
        return WordMark(
            start_char=clause.start + start_char,
            end_char=clause.start + end_char,
            start_sample=begin + int(mark.start_sample * scale),
            end_sample=begin + int(mark.end_sample * scale),
            exact=mark.exact,
        )

    def _fail(self, code: ErrorCode, error: Exception) -> None:
        self._post(ReplyStageFailed(self._plan.reply, code, str(error)))


def _usage(completed: Completed) -> dict[str, int]:
    counts = {
        "prompt_tokens": completed.prompt_tokens,
        "completion_tokens": completed.completion_tokens,
        "cached_tokens": completed.cached_tokens,
    }
    return {name: count for name, count in counts.items() if count is not None}
