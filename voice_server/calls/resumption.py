"""What a call needs to outlive its connection, besides its session. Pure.

It notes everything that is told, under the number that the wire gave it, and how much of the
microphone is done with. When the client comes back with the right secret, `resume` says what it has
missed; when that is no longer known whole, it says so, and never leaves out anything silently.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from voice_server.calls.call_store import Commit
from voice_server.calls.coverage import Coverage
from voice_server.calls.journal import NOTHING, Entry, Journal, JournalLimits, Played
from voice_server.calls.ledger import Ledger
from voice_server.calls.resume_key import ResumeKey
from voice_server.events import (
    AudioFrame,
    ClientEvent,
    ConfigConfirmed,
    FinalTranscript,
    InputFlow,
    PlaybackStopped,
    ResumeAsked,
    ResumeOffer,
    ServerEvent,
    SessionOptions,
    SessionReady,
)
from voice_server.settings import Settings
from voice_server.wires.wire import Resumable

AUDIO_SAMPLE_BYTES = 2
UNKNOWN = "unknown_session"
"""Expired, never there, or not this client's: whoever asks does not learn which."""
FORGOTTEN = "too_far_behind"
ELSEWHERE = "elsewhere"
"""Another process has taken the call over: ask the store."""


class Resumption:
    """One call's memory of what its client knows."""

    def __init__(
        self,
        wire: Resumable,
        options: SessionOptions,
        settings: Settings,
        refused: str = "",
        *,
        key: ResumeKey | None = None,
        epoch: int = 1,
        position: int = 0,
        ledger: Ledger | None = None,
    ) -> None:
        """`refused`: why the session that the client had asked for did not come back.

        `key`, `epoch` and `position` (of the microphone, in samples) are those of a session that
        has begun elsewhere; `ledger` is told everything.
        """
        limits = settings.limits
        self.key = key or ResumeKey()
        self.ledger = ledger
        self._wire = wire
        self._refused = refused
        self._for_s = limits.resume_s
        self.epoch = epoch
        """Counts the processes that have held the session."""
        self._coverage = Coverage(options.input.rate, settings.turn.pre_roll_ms, position)
        self._ready: SessionReady | None = None
        audio_bytes = limits.journal_audio_s_max * options.output_rate * AUDIO_SAMPLE_BYTES
        self._journal = Journal(
            JournalLimits(
                events_max=limits.journal_events_max,
                bytes_max=limits.journal_bytes_max,
                s_max=limits.journal_s_max,
                audio_bytes_max=math.ceil(audio_bytes),
            )
        )

    # What is told ----------------------------------------------------------------------------

    def complete(self, event: ServerEvent) -> ServerEvent:
        """An event with what only this call knows; before it waits to be sent."""
        self._coverage.note(event)
        match event:
            case SessionReady():
                self._ready = event
                secret, refused = self.key.issue(), self._refused
                offer = ResumeOffer(secret, self._for_s, self.epoch, refused=refused)
                return replace(event, resume=offer)
            case ConfigConfirmed(config) if self._ready:
                self._ready = replace(self._ready, config=config)
                return event
            case FinalTranscript() | InputFlow():
                return replace(event, covered=self._coverage.position)
            case _:
                return event

    def numbered(self, event: ServerEvent, now: float) -> list[str | bytes]:
        """The messages for an event that is to be sent now; noted, if it has a number."""
        before = self._wire.sent
        messages = self._wire.send(event, _ms(now))
        if self.ledger:
            self.ledger.conversation.told(event)
        if isinstance(event, PlaybackStopped):
            self._journal.silence(event.stream)
        number = self._wire.sent
        if isinstance(event, SessionReady):
            self._journal.last = number  # holds a secret; without it nobody comes back
        elif number > before:
            said = event if isinstance(event, AudioFrame) else str(messages[0])
            self._note(Entry(number, now, said))
        return messages

    def _note(self, entry: Entry) -> None:
        self._journal.append(entry)
        if self.ledger:
            self.ledger.append(self._journal.entries[-1], len(self._journal))

    def aside(self, event: ServerEvent, now: float) -> list[str | bytes]:
        """The messages for an event that concerns one line only."""
        return self._wire.aside(event, _ms(now))

    # What is kept elsewhere, too -------------------------------------------------------------

    def changes(self) -> Commit:
        """What the store does not know yet."""
        assert self.ledger is not None
        return self.ledger.changes(self.epoch, self._wire.sent, len(self._journal))

    def whole(self) -> Commit:
        """Everything that a store has to know."""
        assert self.ledger is not None
        return self.ledger.whole(self.epoch, self._wire.sent, self._journal.entries)

    def put_back(self) -> None:
        """What `changes` said is still not known."""
        assert self.ledger is not None
        self.ledger.put_back()

    def restore(self, entries: Sequence[Entry], sent: int, seen: int, now: float) -> None:
        """Know what another process has told, up to the number `sent`.

        What the client has `seen` beyond that was audio.
        """
        self._journal.restore(entries, sent)
        for number in range(sent + 1, seen + 1):
            self._note(Entry(number, now, AudioFrame(0, 0, NOTHING)))

    def heard(self, event: ClientEvent) -> None:
        """The client has said something."""
        self.key.confirm()
        if self.ledger:
            self.ledger.conversation.heard(event)

    def met(self, ready: SessionReady) -> None:
        """The session is there again, and its client knows it."""
        self._ready = ready

    # Coming back -----------------------------------------------------------------------------

    def missed(self, asked: ResumeAsked) -> list[Entry] | None:
        """What the client has not seen, or None where that is no longer known whole."""
        played = Played(*asked.played) if asked.played else None
        return self._journal.since(asked.last_number, played)

    def again(
        self, secret: str, asked: ResumeAsked, missed: list[Entry], now: float
    ) -> list[str | bytes]:
        """The messages for a client that is back, `ready` first. `secret` is its next one."""
        assert self._ready is not None
        offer = ResumeOffer(
            secret,
            self._for_s,
            self.epoch,
            input_position=self._wire.input_position,
            replay_from=asked.last_number + 1,
        )
        ready = self._wire.aside(replace(self._ready, resume=offer), _ms(now))
        return [*ready, *(self._said_again(entry, now) for entry in missed)]

    def _said_again(self, entry: Entry, now: float) -> str | bytes:
        if isinstance(entry.said, str):
            return entry.said
        return self._wire.again(entry.number, entry.said, _ms(now))


def _ms(now: float) -> int:
    return int(now * 1000)
