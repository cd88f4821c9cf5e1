"""What the user says, as this protocol tells it: one item per turn, from the first sound to words.

speech_started, transcription deltas, speech_stopped, committed, the item, and at last its words;
each committed item gets its words or a failure, even if there are none, because clients wait.

Clients throw away what they play as soon as they hear of speech. So while it is not certain that a
sound over a reply is somebody who wants to speak, the turn is *held*: it is told when it is
certain, or never. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass

from voice_server import events as ev
from voice_server.naming import turn_item
from voice_server.wires.realtime.errors import Json
from voice_server.wires.realtime.items import unheard_json
from voice_server.wires.realtime.shelf import Shelf

RECITED_MAX = 64
"""Items with their audio that the conversation may still have to remember."""


@dataclass(slots=True)
class _Turn:
    item: str
    started_ms: int
    held: bool
    """Not told yet."""
    recited: bool
    """Its audio came as an item, not from the microphone."""
    stopped_ms: int | None = None
    announced: bool = False
    unsure: bool = False
    """It stopped while a clear was on its way: it may have been taken back."""
    delta: str = ""
    """Words told so far."""
    failure: str = ""


class UserTurns:
    """The user's half of one connection."""

    def __init__(self, shelf: Shelf, session: Callable[[], str]) -> None:
        self.detects = True
        """The client wants to know when speech starts and stops."""
        self.transcribes = False
        """The client wants the words."""
        self.clearing = 0
        """Clears that are on their way."""
        self.reciting = ""
        """Id of an item whose audio is being heard."""
        self.recited: dict[str, str] = {}
        """Items that came with their audio, by what the conversation will call them."""
        self._shelf = shelf
        self._session = session
        self._turns: dict[int, _Turn] = {}

    def started(self, event: ev.SpeechStarted, *, held: bool) -> list[Json]:
        """The user began to speak."""
        own = turn_item(self._session(), event.turn)
        item = self.reciting or own
        if self.reciting:
            self.recited[own] = item
        if len(self.recited) > RECITED_MAX:
            del self.recited[next(iter(self.recited))]
        turn = _Turn(item, event.ms, held, recited=bool(self.reciting))
        self._turns[event.turn] = turn
        return [] if held else self._tell_start(turn)

    def release(self, *, open_only: bool = False) -> list[Json]:
        """It is certain now: tell what was held. `open_only`: of those who still speak."""
        events: list[Json] = []
        for turn in self._turns.values():
            if turn.held and not (open_only and turn.stopped_ms is not None):
                turn.held = False
                events += self._tell_start(turn)
                if turn.stopped_ms is not None:
                    events += self._tell_stop(turn)
        return events

    def item_of(self, turn: int) -> str:
        """The item of an open turn that was told; else empty."""
        known = self._turns.get(turn)
        return known.item if known and not known.held else ""

    def silent(self, item: str) -> list[Json]:
        """The words of an item without any."""
        if not self.transcribes:
            return []
        usage = {"type": "duration", "seconds": 0}
        return [_transcription(item, "completed", transcript="", usage=usage)]

    def wrote(self, event: ev.PartialTranscript) -> list[Json]:
        """Words while they are spoken; those told never change."""
        turn = self._turns.get(event.turn)
        if turn is None or turn.held:
            return []
        return self._tell_delta(turn, event.stable)

    def stopped(self, event: ev.SpeechStopped) -> list[Json]:
        """The turn ended."""
        turn = self._turns.get(event.turn)
        if turn is None:
            return []
        turn.stopped_ms = event.ms
        return [] if turn.held else self._tell_stop(turn)

    def failed(self, message: str) -> None:
        """The recogniser gave up on the turn whose final comes next."""
        for turn in self._turns.values():
            if turn.stopped_ms is not None:
                turn.failure = message
                return

    def finished(self, event: ev.FinalTranscript) -> list[Json]:
        """All words of a turn. A held one that said nothing was never there."""
        turn = self._turns.pop(event.turn, None)
        if turn is None or (not event.text and (turn.held or turn.unsure)):
            return []
        events: list[Json] = []
        if turn.held:
            turn.held = False
            events += [*self._tell_start(turn), *self._tell_stop(turn)]
        return [*events, *self._announce(turn), *self._tell_words(turn, event)]

    def cleared(self) -> list[Json]:
        """A clear has been obeyed: what is still waited for was not taken back."""
        self.clearing -= 1
        events: list[Json] = []
        for turn in self._turns.values():
            if turn.unsure:
                turn.unsure = False
                events += self._announce(turn)
        return [*events, {"type": "input_audio_buffer.cleared"}]

    # Telling ---------------------------------------------------------------------------------

    def _tell_start(self, turn: _Turn) -> list[Json]:
        if not self.detects or turn.recited:
            return []
        start = {"item_id": turn.item, "audio_start_ms": turn.started_ms}
        return [{"type": "input_audio_buffer.speech_started", **start}]

    def _tell_stop(self, turn: _Turn) -> list[Json]:
        events: list[Json] = []
        if self.detects and not turn.recited:
            stop = {"item_id": turn.item, "audio_end_ms": turn.stopped_ms}
            events.append({"type": "input_audio_buffer.speech_stopped", **stop})
        if self.clearing:
            turn.unsure = True
            return events
        return [*events, *self._announce(turn)]

    def _announce(self, turn: _Turn) -> list[Json]:
        if turn.announced:
            return []
        turn.announced = True
        return announced(self._shelf, turn.item, committed=not turn.recited)

    def _tell_delta(self, turn: _Turn, text: str) -> list[Json]:
        if not self.transcribes or not text.startswith(turn.delta) or text == turn.delta:
            return []
        delta, turn.delta = text[len(turn.delta) :], text
        return [_transcription(turn.item, "delta", delta=delta)]

    def _tell_words(self, turn: _Turn, event: ev.FinalTranscript) -> list[Json]:
        if not self.transcribes:
            return []
        if turn.failure:
            error = {"type": "server_error", "message": turn.failure}
            return [_transcription(turn.item, "failed", error=error)]
        usage = {"type": "duration", "seconds": event.duration_ms / 1000}
        completed = _transcription(turn.item, "completed", transcript=event.text, usage=usage)
        return [*self._tell_delta(turn, event.text), completed]


def announced(shelf: Shelf, item: str, *, committed: bool = True) -> list[Json]:
    """A new item of the user's, whose words are not known yet."""
    previous = shelf.announce(item)
    told = {"item": unheard_json(item), "previous_item_id": previous}
    commit = {"type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": previous}
    return [
        *([commit] if committed else []),
        {"type": "conversation.item.added", **told},
        {"type": "conversation.item.done", **told},
    ]


def _transcription(item: str, what: str, **fields: object) -> Json:
    head = {"type": f"conversation.item.input_audio_transcription.{what}"}
    return {**head, "item_id": item, "content_index": 0, **fields}
