"""A whole conversation in virtual time: a client with a microphone, a loudspeaker and a log.

The microphone sends recorded speech or silence at the pace of real time; the voice detector that
hears it is the real one, only the engines are scripted. The loudspeaker plays what comes and says
how far it is, as the page does. Everything the server says is logged with its time, and must obey
the rules in `check` whatever the story is.
"""

import asyncio
import gc
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

import numpy as np

from audio import SAMPLE_RATE, Samples
from audio.silero import SileroModel
from models.llm import ChatOptions, Message, ReplyPiece
from models.scheduler import Scheduler
from models.scripted import (
    ChatScript,
    RecognizerScript,
    ScriptedChat,
    ScriptedRecognizer,
    ScriptedSynthesizer,
    VoiceScript,
)
from tests.support.clips import load_clip, speech_span
from tests.support.loudspeaker import Loudspeaker
from voice_server import events as ev
from voice_server.bench.virtual_time import run_virtual
from voice_server.conversation.house import House
from voice_server.conversation.session import Session
from voice_server.engines import Engines
from voice_server.metrics import Metrics
from voice_server.settings import Settings
from voice_server.toolbox import ServerTool

EventT = TypeVar("EventT", bound=ev.ServerEvent)

TICK_MS = 20
REPORT_EVERY_MS = 100
PATIENCE_S = 30.0
CHATTER = (
    ev.StateChanged,
    ev.LevelMeasured,
    ev.PartialTranscript,
    ev.ReplyText,
    ev.AudioMarked,
    ev.AudioFrame,
    ev.InputFlow,
    ev.ItemAdded,
    ev.ItemChanged,
)
"""Events that say how far something is, or what is remembered of it."""

PAGE = ev.SessionOptions(
    output_rate=16_000, playback_reports=True, features=frozenset({"pause"}), framed=True
)
"""A client as good as the page: it can hold its loudspeaker, and says what it has played."""

KIOSK = ev.SessionOptions(output_rate=16_000, framed=False)
"""A client that only plays what it gets."""


@dataclass(frozen=True)
class Cast:
    """Who takes part."""

    recognizer: RecognizerScript = field(
        default_factory=lambda: RecognizerScript(("What time is it?",))
    )
    chat: ChatScript = field(default_factory=ChatScript)
    voice: VoiceScript = field(default_factory=VoiceScript)
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    options: ev.SessionOptions = PAGE
    tools: Mapping[str, ServerTool] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One line of the log."""

    at_s: float
    event: ev.ServerEvent


class AttentiveChat(ScriptedChat):
    """A scripted language model that remembers what it was asked."""

    def __init__(self, script: ChatScript) -> None:
        super().__init__(script)
        self.prompts: list[list[tuple[str, str]]] = []
        """Role and text of every message but the system prompt."""
        self.instructions: list[str] = []
        """The system prompts."""
        self.choices: list[str] = []
        """Whether tools might be called."""

    def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[ReplyPiece, None]:
        self.instructions.append(messages[0].content)
        self.choices.append(options.tool_choice)
        self.prompts.append([(line.role, line.content) for line in messages[1:]])
        return super().reply(messages, options)


class Story:
    """One conversation, seen by its client. Make it inside a running loop."""

    def __init__(self, cast: Cast) -> None:
        settings = Settings.model_validate(cast.settings)
        self.log: list[Entry] = []
        self.metrics = Metrics()
        self.chat = AttentiveChat(cast.chat)
        self.options = cast.options
        self.reporting = True
        """Set it to False, and the loudspeaker falls silent about what it does."""
        self._scheduler = Scheduler(1)
        engines = Engines(
            ScriptedRecognizer(cast.recognizer),
            self.chat,
            ScriptedSynthesizer(cast.voice),
            (),
            self._scheduler,
        )
        house = House(settings, engines, _silero(), self.metrics, cast.tools)
        self._loudspeaker = Loudspeaker(cast.options.output_rate)
        self._stopped: ev.PlaybackReported | None = None
        self._ticks = 0
        self._read = 0
        self._clock = asyncio.get_running_loop().time
        self._tasks_before = asyncio.all_tasks()
        self.session = Session("story", cast.options, house, self._hear)
        self.running = asyncio.create_task(self.session.run())

    # What the client does --------------------------------------------------------------------

    async def say(self, seconds: float) -> None:
        """Speak into the microphone: as much of a recorded question as fits, over and over."""
        await self._play(np.resize(_speech(), round(seconds * SAMPLE_RATE)))

    async def silence(self, seconds: float) -> None:
        """Send silence."""
        await self._play(np.zeros(round(seconds * SAMPLE_RATE), np.int16))

    async def sound(self, samples: Samples) -> None:
        """Send any sound, 16 kHz."""
        await self._play(samples)

    async def pass_time(self, seconds: float) -> None:
        """Send nothing at all."""
        await asyncio.sleep(seconds)

    async def send(self, event: ev.ClientEvent) -> None:
        """Say something to the server; returns when it had time to act."""
        await self.session.inbox.deliver(event)
        for _ in range(4):
            await asyncio.sleep(0)

    async def hang_up(self) -> None:
        """Leave in good manners."""
        await self.session.inbox.deliver(ev.SessionEnded())
        await self.running

    async def vanish(self) -> None:
        """Lose the connection: the link cancels the session."""
        self.running.cancel()
        await asyncio.wait([self.running])

    # What the client sees --------------------------------------------------------------------

    async def expect(self, kind: type[EventT], **fields: object) -> EventT:
        """The next event of this kind and with these fields; the microphone sends silence."""
        deadline = self._clock() + PATIENCE_S
        while True:
            while self._read < len(self.log):
                event = self.log[self._read].event
                self._read += 1
                if isinstance(event, kind) and _has(event, fields):
                    return event
            assert self._clock() < deadline, f"no {kind.__name__} {fields} in {self.plot()}"
            assert not self.running.done(), f"the session is over, no {kind.__name__} came"
            await self.silence(TICK_MS / 1000)

    async def until_sounding(self, ms: int) -> None:
        """Wait until the loudspeaker has played so much of a reply."""
        deadline = self._clock() + PATIENCE_S
        while self.played_ms < ms:
            assert self._clock() < deadline, f"nothing sounds: {self.plot()}"
            await self.silence(TICK_MS / 1000)

    @property
    def played_ms(self) -> int:
        """How much of the current stream the loudspeaker has played."""
        return self._loudspeaker.position(self._clock()) * 1000 // self.options.output_rate

    @property
    def now(self) -> float:
        """Seconds of virtual time."""
        return self._clock()

    def all(self, kind: type[EventT]) -> list[EventT]:
        """Every event of a kind so far."""
        return [entry.event for entry in self.log if isinstance(entry.event, kind)]

    def times(self, kind: type[ev.ServerEvent]) -> list[float]:
        """When each of them came."""
        return [entry.at_s for entry in self.log if isinstance(entry.event, kind)]

    def plot(self) -> list[str]:
        """What happened, in order."""
        events = (entry.event for entry in self.log)
        return [type(event).__name__ for event in events if not isinstance(event, CHATTER)]

    @property
    def remembered(self) -> list[ev.Item]:
        """The conversation, put together from what was told of it."""
        items: list[ev.Item] = []
        for event in (entry.event for entry in self.log):
            match event:
                case ev.ItemAdded(item, after):
                    ids = [known.id for known in items]
                    items.insert(0 if after is None else ids.index(after) + 1, item)
                case ev.ItemChanged(item):
                    items = [item if known.id == item.id else known for known in items]
                case ev.ItemRemoved(id):
                    items = [known for known in items if known.id != id]
                case _:
                    pass
        return items

    def counted(self, name: str, **labels: str) -> float:
        """A counter of the server's metrics."""
        return self.metrics.registry.get_sample_value(f"voice_server_{name}", labels) or 0.0

    # Behind the scenes -----------------------------------------------------------------------

    async def close(self) -> None:
        """End it if it has not ended. No task may be left."""
        if not self.running.done():
            await self.hang_up()
        await self._scheduler.close()
        for _ in range(4):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() <= self._tasks_before, "tasks outlive the session"

    async def _play(self, samples: Samples) -> None:
        step = SAMPLE_RATE * TICK_MS // 1000
        for start in range(0, len(samples), step):
            await self._report()
            data = samples[start : start + step].tobytes()
            await self.session.inbox.deliver(ev.AudioReceived(data))
            await asyncio.sleep(TICK_MS / 1000)

    async def _report(self) -> None:
        self._ticks += 1
        if not self.options.playback_reports or not self.reporting:
            return
        if self._stopped:
            report, self._stopped = self._stopped, None
            await self.session.inbox.deliver(report)
        elif self._loudspeaker.playing and self._ticks % (REPORT_EVERY_MS // TICK_MS) == 0:
            position = self._loudspeaker.position(self._clock())
            report = ev.PlaybackReported(self._loudspeaker.stream, position)
            await self.session.inbox.deliver(report)

    def _hear(self, event: ev.ServerEvent) -> None:
        now = self._clock()
        self.log.append(Entry(now, event))
        holds = "pause" in self.options.features
        match event:
            case ev.AudioFrame(stream=stream, samples=samples):
                self._loudspeaker.add(stream, len(samples), now)
            case ev.PlaybackPaused() if holds:
                self._loudspeaker.pause(now)
            case ev.PlaybackResumed() if holds:
                self._loudspeaker.resume(now)
            case ev.PlaybackStopped(stream=stream):
                self._loudspeaker.pause(now)
                position = self._loudspeaker.position(now)
                self._stopped = ev.PlaybackReported(stream, position, "stopped")
            case _:
                pass


def tell(
    plot: Callable[[Story], Awaitable[None]], cast: Cast | None = None, *, strict: bool = True
) -> Story:
    """Play a conversation from `ready` to its end, check it, and return it.

    Not `strict`: replies beside the conversation are made while another is spoken.
    """

    async def play() -> Story:
        story = Story(cast or Cast())
        await plot(story)
        await story.close()
        return story

    gc.disable()  # the log is what would keep the collector busy, and the loop is watched
    try:
        story = run_virtual(play())
    finally:
        gc.enable()
    if strict:
        check(story.log)
    return story


def check(log: Sequence[Entry]) -> None:
    """What holds in every conversation, whatever happens in it."""
    _check_replies(log)
    for reply, events in _by_reply(log).items():
        _check_stream(reply, events)


def _check_replies(log: Sequence[Entry]) -> None:
    """One reply at a time, each done once; only the last may have been cut off by the end."""
    current: int | None = None
    last = 0
    for event in (entry.event for entry in log):
        if isinstance(event, ev.ReplyStarted):
            assert current is None, "a reply began before the one before was done"
            assert event.reply > last
            current = last = event.reply
        elif isinstance(event, ev.ReplyDone):
            assert event.reply == current, "a reply was done twice, or never began"
            current = None


def _check_stream(reply: int, events: Sequence[ev.ServerEvent]) -> None:
    """Audio without gaps; silence while paused; nothing after the end."""
    position, paused, stopped = 0, False, False
    for event in events:
        if stopped:
            assert isinstance(event, ev.ReplyTruncated | ev.ReplyDone), (
                f"{event} of a stopped reply"
            )
        match event:
            case ev.AudioFrame():
                assert not paused
                assert (event.position, event.first) == (position, position == 0)
                position += len(event.samples)
            case ev.AudioDone():
                assert event.total_samples == position
            case ev.PlaybackPaused():
                assert not paused
                paused = True
            case ev.PlaybackResumed():
                assert paused
                paused = False
            case ev.PlaybackStopped():
                stopped = True
            case ev.ReplyDone():
                assert event is events[-1], f"something of reply {reply} follows its end"
            case _:
                pass


def _by_reply(log: Sequence[Entry]) -> dict[int, list[ev.ServerEvent]]:
    events: dict[int, list[ev.ServerEvent]] = defaultdict(list)
    for entry in log:
        reply = getattr(entry.event, "reply", getattr(entry.event, "stream", None))
        if reply is not None:
            events[reply].append(entry.event)
    return events


def _has(event: ev.ServerEvent, fields: Mapping[str, object]) -> bool:
    return all(getattr(event, name) == value for name, value in fields.items())


@cache
def _silero() -> SileroModel:
    return SileroModel()


@cache
def _speech() -> Samples:
    """A recorded question without the silence around it: voice from beginning to end."""
    span = speech_span("question")
    per_ms = SAMPLE_RATE // 1000
    return load_clip("question")[span.start_ms * per_ms : span.end_ms * per_ms]
