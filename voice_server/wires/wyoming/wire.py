"""One Wyoming connection over which somebody is listened to, or answered. Pure.

`transcribe` and the audio after it are a turn that ends when the client says so: a transcription
session with manual turns. `transcript` is a line for the language model: a conversation in writing,
which goes on in later connections under the name in `context.conversation_id`.
"""

from collections.abc import Iterable
from typing import Any, assert_never

from wyoming.asr import (
    Transcribe,
    Transcript,
    TranscriptChunk,
    TranscriptStart,
    TranscriptStop,
)
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled
from wyoming.info import Describe
from wyoming.ping import Ping, Pong

from audio.formats import AudioFormat, Codec, FormatError
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.wires.wyoming.conversations import Conversations
from voice_server.wires.wyoming.framing import EventReader, FramingError, encode

STOP = "audio-stop"
"""Names the end of the audio, so that a refusal of it can be told apart."""

WHO_ARE_YOU = -1.0
"""In place of a time: a ping that is answered with what the server can do."""

MANUAL = {"mode": "manual"}
"""The client says when a turn ends."""


class WyomingWire:
    """Translates one connection.

    `about` is the answer to `describe`; `opened_s` is when the connection began, by the monotonic
    clock of `send`.
    """

    def __init__(self, conversations: Conversations, about: Event, opened_s: float) -> None:
        self._conversations = conversations
        self._about = about
        self._opened_s = opened_s
        self._reader = EventReader()
        self._opened: ev.SessionOptions | None = None
        self._asked = Transcribe()
        self._name = ""
        self._items: dict[str, ev.Item] = {}
        self._begun = 0
        """Turns that have begun and are not understood yet."""
        self._heard: list[str] = []
        self._shown = ""
        self._streaming = False
        self._stopping = False

    def greet(self) -> list[ev.ClientEvent]:
        """Nothing is known before the first message."""
        return []

    # From the client -------------------------------------------------------------------------

    def receive(self, data: str | bytes) -> list[ev.ClientEvent]:
        """Translate bytes, cut anywhere. What is no Wyoming ends the session."""
        try:
            events = self._reader.feed(data if isinstance(data, bytes) else data.encode())
        except FramingError as error:
            refused = ev.MessageRefused(ErrorCode.BAD_REQUEST, f"{error}.", fatal=True)
            return [refused, ev.SessionEnded()]
        return [translated for event in events for translated in self._translated(event)]

    def _translated(self, event: Event) -> list[ev.ClientEvent]:
        """Unknown events are ignored."""
        try:
            return self._take(event)
        except (KeyError, TypeError, ValueError, AttributeError):
            message = f"The event {event.type[:32]!r} lacks something, or has it wrong."
            return [ev.MessageRefused(ErrorCode.BAD_REQUEST, message)]

    def _take(self, event: Event) -> list[ev.ClientEvent]:
        if Describe.is_type(event.type):
            return [ev.Pinged(WHO_ARE_YOU)]
        if Ping.is_type(event.type):
            return [ev.Pinged(0.0)]
        if Transcribe.is_type(event.type):
            self._asked = Transcribe.from_event(event)
        elif AudioStart.is_type(event.type):
            start = AudioStart.from_event(event)
            return self._listen(_format(start.rate, start.width, start.channels))
        elif AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            format = _format(chunk.rate, chunk.width, chunk.channels)
            return [*self._listen(format), ev.AudioReceived(chunk.audio)]
        elif AudioStop.is_type(event.type) and self._opened:
            self._stopping = True
            return [ev.Identified(STOP, ev.AudioCommitted())]
        elif Transcript.is_type(event.type):
            return self._converse(Transcript.from_event(event))
        return []

    def _listen(self, format: AudioFormat) -> list[ev.ClientEvent]:
        if self._opened is None:
            config = ev.SessionConfig(
                language=self._asked.language,
                hints=", ".join(_hints(self._asked)) or None,
                turn=MANUAL,
            )
            return self._open("transcription", config, format)
        if self._opened.input != format:
            return [ev.FormatsChanged(format)]
        return []

    def _converse(self, said: Transcript) -> list[ev.ClientEvent]:
        events: list[ev.ClientEvent] = []
        context: dict[str, Any] = said.context or {}
        if self._opened is None:
            self._name = str(context.get("conversation_id", ""))[:128]
            config = ev.SessionConfig(language=said.language, speaks=False)
            events += self._open("conversation", config)
            known = self._conversations.recall(self._name, self._opened_s)
            events += [ev.ItemInserted(item) for item in known]
        return [*events, ev.TextReceived(said.text)]

    def _open(
        self, mode: ev.Mode, config: ev.SessionConfig, format: AudioFormat | None = None
    ) -> list[ev.ClientEvent]:
        format = format or AudioFormat(Codec.PCM_S16LE, 16_000)
        self._opened = ev.SessionOptions(
            mode=mode,
            input=format,
            framed=False,
            features=frozenset({"partials"}),
            config=config,
            client="wyoming",
        )
        return [ev.SessionOpened(self._opened)]

    # To the client ---------------------------------------------------------------------------

    def send(self, event: ev.ServerEvent, now_ms: int) -> list[str | bytes]:
        """Translate one event."""
        return [encode(told) for told in self._told(event, now_ms / 1000)]

    def _told(self, event: ev.ServerEvent, now: float) -> Iterable[Event]:
        if isinstance(event, ev.Ponged):
            yield self._about if event.t == WHO_ARE_YOU else Pong().event()
        for told in self._said(event, now):
            yield told.event()

    def _said(self, event: ev.ServerEvent, now: float) -> Iterable[Eventable]:
        match event:
            case ev.SpeechStarted():
                self._begun += 1
            case ev.PartialTranscript(stable=stable):
                yield from self._show(stable)
            case ev.FinalTranscript(text=text, language=language):
                self._begun -= 1
                self._heard.append(text)
                yield from self._finish(language)
            case ev.ItemAdded(item) | ev.ItemChanged(item):
                self._items[item.id] = item
            case ev.ReplyStarted():
                yield HandledStart()
            case ev.ReplyText(text=text):
                yield HandledChunk(text)
            case ev.ReplyDone():
                yield from self._answered(event, now)
            case ev.ErrorRaised(code=code, message=message, id=id):
                if id == STOP:
                    yield from self._finish("")
                else:
                    yield Error(message, code.value)
            case (
                ev.SessionReady()
                | ev.StateChanged()
                | ev.LevelMeasured()
                | ev.SpeechStopped()
                | ev.ReplyTextDone()
                | ev.ToolCallWritten()
                | ev.ToolCalled()
                | ev.ItemRemoved()
                | ev.ItemsShown()
                | ev.FormatsConfirmed()
                | ev.AudioStarted()
                | ev.AudioMarked()
                | ev.AudioFrame()
                | ev.AudioDone()
                | ev.PlaybackPaused()
                | ev.PlaybackResumed()
                | ev.PlaybackStopped()
                | ev.ReplyTruncated()
                | ev.TurnMeasured()
                | ev.ConfigConfirmed()
                | ev.InputFlow()
                | ev.MessageAcknowledged()
                | ev.Ponged()
                | ev.Noticed()
                | ev.GoingAway()
            ):
                pass  # nothing that this protocol has a word for
            case _:
                assert_never(event)

    def _show(self, stable: str) -> Iterable[Eventable]:
        if not self._streaming:
            self._streaming = True
            yield TranscriptStart(language=self._asked.language)
        if len(stable) > len(self._shown):
            yield TranscriptChunk(stable[len(self._shown) :])
            self._shown = stable

    def _finish(self, language: str) -> Iterable[Eventable]:
        """All is understood once the audio has ended and no turn is open."""
        self._shown = ""
        if not self._stopping or self._begun > 0:
            return
        text = " ".join(part for part in self._heard if part)
        if self._streaming:
            yield TranscriptStop()
        yield Transcript(text, language=language or self._asked.language)
        self._heard, self._streaming, self._stopping = [], False, False

    def _answered(self, done: ev.ReplyDone, now: float) -> Iterable[Eventable]:
        context = {"conversation_id": self._name} if self._name else None
        self._conversations.keep(self._name, list(self._items.values()), now)
        yield HandledStop()
        if done.status == "failed" and not done.text:
            yield NotHandled("The language model gave no answer.", context)
        else:
            yield Handled(done.text, context)


def _format(rate: int, width: int, channels: int) -> AudioFormat:
    """Raises `FormatError`."""
    if width != 2:
        raise FormatError(f"Samples must have 2 bytes, not {width}.")
    return AudioFormat(Codec.PCM_S16LE, rate, channels)


def _hints(asked: Transcribe) -> list[str]:
    """Names and terms that will be said."""
    return [*(asked.transcript_names or ()), *(asked.transcript_terms or ())]
