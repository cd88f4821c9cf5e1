"""One clip through the real session core, in simulated time. What happened comes back as a log.

Microphone audio arrives in pieces of 20 ms, as a browser sends it. Clips over a reply begin with a
typed question, so that the reply sounds when the clip's own sound comes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from audio import SAMPLE_RATE, Samples
from audio.formats import encode
from audio.silero import SileroModel
from models.asr import Recognizer
from models.scheduler import Scheduler
from voice_server import events as ev
from voice_server.bench.clips import Clip, TrueWord
from voice_server.bench.hearing import Hearing, RevealingRecognizer
from voice_server.bench.loudspeaker import Echo, Loudspeaker
from voice_server.bench.measured import MeasuredRecognizer
from voice_server.bench.speaking import BenchChat, BenchVoice, Latencies
from voice_server.conversation.house import House
from voice_server.conversation.lexicon import words_of
from voice_server.conversation.session import Session
from voice_server.engines import Engines
from voice_server.metrics import Metrics
from voice_server.settings import Settings

PIECE_MS = 20
ENOUGH_MS = 60
"""After the first audio of the answer a turn's clip has shown everything."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event that the client saw."""

    ms: float
    """Since the microphone was opened."""
    event: ev.ServerEvent


@dataclass(slots=True)
class Log:
    """What one conversation did."""

    clip: Clip
    events: list[Happened] = field(default_factory=list)
    heard_words: dict[int, int] = field(default_factory=dict)
    """Words of the first reply that were played whole, by stream."""
    misplaced: int = 0
    """Audio frames that did not follow the one before."""
    chat_calls: int = 0
    chat_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Bench:
    """What all conversations of one run share."""

    settings: Settings
    silero: SileroModel
    scheduler: Scheduler
    latencies: Latencies = field(default_factory=Latencies)
    recognizer: Recognizer | None = None
    """None: the one that knows the truth."""
    reports: bool = True
    """The client says what it has played."""
    aligned: bool = True
    """The voice says when it speaks which word."""


class Conversation:
    """One clip, one session."""

    def __init__(self, bench: Bench, clip: Clip, samples: Samples) -> None:
        self.log = Log(clip)
        self._bench = bench
        self._clip = clip
        self._samples = samples
        self._hearing = Hearing(clip.words)
        self._chat = BenchChat(bench.latencies)
        self._voice = BenchVoice(bench.latencies, bench.aligned)
        self._loudspeaker = Loudspeaker()
        self._echo = Echo(clip.room) if clip.room else None
        self._echoed_words = 0
        self._answers: asyncio.Queue[ev.PlaybackReported] = asyncio.Queue()
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._began_s = self._clock()

    async def hold(self) -> Log:
        """Play the clip to its end, or until it has shown everything."""
        session = Session("bench", self._options(), self._house(), self._emit)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(session.run())
            answering = tasks.create_task(self._answer(session))
            await self._listen(session)
            answering.cancel()
            await session.inbox.deliver(ev.SessionEnded())
        self.log.misplaced = self._loudspeaker.misplaced
        self.log.chat_calls, self.log.chat_tokens = self._chat.calls, self._chat.tokens
        return self.log

    def _options(self) -> ev.SessionOptions:
        return ev.SessionOptions(
            input=self._clip.format,
            output_rate=SAMPLE_RATE,
            playback_reports=self._bench.reports,
            echo_cancelled=self._echo is None,
            features=frozenset({"pause", "partials", "marks"}),
        )

    def _house(self) -> House:
        recognizer: Recognizer = RevealingRecognizer(self._hearing, self._bench.latencies.asr_ms)
        if self._bench.recognizer is not None:
            recognizer = MeasuredRecognizer(self._bench.recognizer)
        engines = Engines(recognizer, self._chat, self._voice, (), self._bench.scheduler)
        return House(self._bench.settings, engines, self._bench.silero, Metrics())

    # What the client sees ----------------------------------------------------------------------

    def _emit(self, event: ev.ServerEvent) -> None:
        self.log.events.append(Happened(self._now_ms(), event))
        if isinstance(event, ev.PlaybackStopped):
            self.log.heard_words[event.stream] = self._heard_words(event.stream)
        answer = self._loudspeaker.obey(event)
        if answer and self._bench.reports:
            self._answers.put_nowait(answer)

    async def _answer(self, session: Session) -> None:
        while True:
            await session.inbox.deliver(await self._answers.get())

    def _heard_words(self, stream: int) -> int:
        played_s = self._loudspeaker.played.get(stream, 0) / SAMPLE_RATE
        whole = (word for word in self._voice.said if word.end_s <= played_s)
        return sum(len(words_of(word.text)) for word in whole)

    def _now_ms(self) -> float:
        return (self._clock() - self._began_s) * 1000

    # What the microphone hears -----------------------------------------------------------------

    async def _listen(self, session: Session) -> None:
        if self._clip.over_reply:
            await session.inbox.deliver(ev.TextReceived("Tell me about owls."))
        size = self._clip.format.rate * PIECE_MS // 1000
        for start in range(0, len(self._samples), size):
            await asyncio.sleep(self._began_s + self._hearing.now_ms / 1000 - self._clock())
            await asyncio.sleep(PIECE_MS / 1000)
            piece = self._leaked(self._samples[start : start + size])
            self._hearing.now_ms += PIECE_MS
            await session.inbox.deliver(ev.AudioReceived(encode(piece, self._clip.format.codec)))
            if report := self._loudspeaker.report(PIECE_MS) if self._bench.reports else None:
                await session.inbox.deliver(report)
            if self._has_shown_everything():
                return

    def _leaked(self, piece: Samples) -> Samples:
        """The microphone's piece with the loudspeaker in it. Rooms are for 16 kHz clips only."""
        sound = self._loudspeaker.play(SAMPLE_RATE * PIECE_MS // 1000)
        if self._echo is None:
            return piece
        self._reveal_echo()
        mixed = piece + self._echo.feed(sound)[: len(piece)]
        return np.clip(np.rint(mixed), -32768, 32767).astype(np.int16)

    def _reveal_echo(self) -> None:
        """Words that have just been played whole come back after the room's delay."""
        assert self._clip.room is not None
        played_s = self._loudspeaker.played.get(self._loudspeaker.stream, 0) / SAMPLE_RATE
        while self._echoed_words < len(self._voice.said):
            word = self._voice.said[self._echoed_words]
            if word.end_s > played_s:
                break
            end_ms = self._hearing.now_ms + self._clip.room.delay_ms
            length_ms = round((word.end_s - word.start_s) * 1000)
            self._hearing.echo(TrueWord(word.text, end_ms - length_ms, end_ms))
            self._echoed_words += 1

    def _has_shown_everything(self) -> bool:
        if self._clip.kind != "turn" or self._clip.end_ms is None:
            return False
        since_ms = self._clip.end_ms
        return any(
            isinstance(happened.event, ev.AudioFrame)
            and happened.event.first
            and since_ms <= happened.ms < self._now_ms() - ENOUGH_MS
            for happened in reversed(self.log.events[-40:])
        )
