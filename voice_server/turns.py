"""Whose turn is it? A pure machine that counts milliseconds of microphone audio.

Theory of operation
-------------------
Two small machines and one rule that joins them.

The *user* machine reads one frame (10 ms) at a time and knows only whether it was voice:

    SILENT ──voice──▶ ONSET ──onset_ms of voice──▶ SPEAKING ──soft silence──▶ PAUSING
      ▲ ◀──silence──────┘                             ▲ ◀────────voice───────────┤
      └───────────────────────full silence────────────┴──────────────────────────┘

At the soft silence the turn has *probably* ended, so the final decode may begin; at the full
silence it *has* ended. Voice in between reopens the same turn as its next revision, and whatever
was computed for the old revision is dropped by number.

The *floor* machine knows whether a reply holds the floor (from its start until it was played out),
and whether it may be interrupted.

The joint rule: `interrupt_ms` of voice in one utterance takes the floor away from a reply.

Time is audio time. Nothing here reads a clock, so an hour of talk replays in a second, and a
client that sends faster than real time is treated like one that does not. A refused signal
(`TurnError`) changes nothing.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from audio import FRAME_MS
from voice_server.settings import TurnSettings

VOICE_RUN_MS = 30
"""Voice this long ends a silence: one stray frame does not reopen a turn."""


class User(Enum):
    """What the user is doing."""

    SILENT = auto()
    ONSET = auto()
    """Perhaps a word, perhaps a click."""
    SPEAKING = auto()
    PAUSING = auto()
    """Probably finished."""


class Floor(Enum):
    """Who may speak, seen from the assistant."""

    FREE = auto()
    TAKEN = auto()
    """A reply is being made or played."""
    PROTECTED = auto()
    """A reply that may not be interrupted."""


TRANSITIONS: dict[User, frozenset[User]] = {
    User.SILENT: frozenset({User.ONSET, User.SPEAKING}),
    User.ONSET: frozenset({User.SILENT, User.SPEAKING}),
    User.SPEAKING: frozenset({User.PAUSING, User.SILENT}),
    User.PAUSING: frozenset({User.SPEAKING, User.SILENT}),
}
"""Every change of the user machine; `_enter` refuses any other."""


class TurnError(Exception):
    """A signal that makes no sense now; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class UtteranceBegan:
    """Open an utterance, pre-roll included."""

    turn: int
    at_ms: int
    """Audio time of the first voiced frame."""


@dataclass(frozen=True, slots=True)
class EndExpected:
    """Probably the end: decode now what will be the final if nothing more is said."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """It was not the end: results of earlier revisions are void."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The user has finished."""

    turn: int
    revision: int
    at_ms: int
    """Audio time of the last voice."""
    cause: Literal["silence", "commit", "length"]
    """`length`: cut at the longest utterance while the user may still be speaking."""


@dataclass(frozen=True, slots=True)
class UtteranceDropped:
    """It was nothing: too little voice, or the client cleared it."""

    turn: int


@dataclass(frozen=True, slots=True)
class ReplyInterrupted:
    """The user took the floor: stop the reply."""

    turn: int


TurnAction = (
    UtteranceBegan | EndExpected | SpeechResumed | TurnEnded | UtteranceDropped | ReplyInterrupted
)


class Turns:
    """Both machines. Feed it frames and signals; do what it returns, in order."""

    def __init__(self, settings: TurnSettings) -> None:
        self.settings = settings
        """May be replaced between two frames."""
        self.user = User.SILENT
        self.floor = Floor.FREE
        self.now_ms = 0
        """Milliseconds of microphone audio so far."""
        self.turn = 0
        """Number of the current or last turn."""
        self.revision = 0
        self._onset_ms = 0
        self._began_ms = 0
        self._voice_ms = 0
        self._voice_run_ms = 0
        self._last_voice_ms = 0

    @property
    def in_utterance(self) -> bool:
        """Whether frames belong to an open utterance."""
        return self.user in (User.SPEAKING, User.PAUSING)

    @property
    def silence_ms(self) -> int:
        """How long the user has been silent."""
        return self.now_ms - self._last_voice_ms

    # Signals ---------------------------------------------------------------------------------

    def frame(self, voice: bool) -> list[TurnAction]:
        """Ten more milliseconds of microphone audio."""
        self.now_ms += FRAME_MS
        self._voice_run_ms = self._voice_run_ms + FRAME_MS if voice else 0
        if not self.in_utterance:
            return self._listen(voice)
        return self._follow(voice)

    def commit(self) -> list[TurnAction]:
        """The client says that the turn ends here. Raises `TurnError` if there is none."""
        if not self.in_utterance:
            raise TurnError("there is no speech to commit; send audio first")
        return [self._end("commit")]

    def clear(self) -> list[TurnAction]:
        """The client takes back what was said in this turn."""
        if not self.in_utterance:
            self._reset()
            return []
        return [self._drop()]

    def take_floor(self, interruptible: bool) -> None:
        """A reply begins."""
        self.floor = Floor.TAKEN if interruptible else Floor.PROTECTED

    def free_floor(self) -> None:
        """The reply was played out, or stopped."""
        self.floor = Floor.FREE

    # The user machine ------------------------------------------------------------------------

    def _listen(self, voice: bool) -> list[TurnAction]:
        if self.settings.mode == "manual":
            return self._begin(self.now_ms - FRAME_MS)
        self._onset_ms = max(0, self._onset_ms + (FRAME_MS if voice else -FRAME_MS))
        if self._onset_ms >= self.settings.onset_ms:
            return self._begin(self.now_ms - self._onset_ms)
        if self._onset_ms and self.user is User.SILENT:
            self._enter(User.ONSET)
        elif not self._onset_ms and self.user is User.ONSET:
            self._enter(User.SILENT)
        return []

    def _follow(self, voice: bool) -> list[TurnAction]:
        actions: list[TurnAction] = []
        if voice:
            self._voice_ms += FRAME_MS
        if self._voice_run_ms >= VOICE_RUN_MS:
            self._last_voice_ms = self.now_ms
            if self.user is User.PAUSING:
                actions.append(self._resume())
        actions += self._interruption()
        if self.now_ms - self._began_ms >= self.settings.utterance_ms_max:
            actions.append(self._end("length"))
        elif self.settings.mode == "vad":
            actions += self._silence()
        return actions

    def _silence(self) -> list[TurnAction]:
        if self.silence_ms >= self.settings.silence_ms:
            if self._voice_ms < self.settings.speech_ms_min:
                return [self._drop()]
            return [self._end("silence")]
        if self.user is User.SPEAKING and self.silence_ms >= self.settings.soft_silence_ms:
            self._enter(User.PAUSING)
            return [EndExpected(self.turn, self.revision)]
        return []

    def _interruption(self) -> list[TurnAction]:
        """The joint rule."""
        if self.floor is not Floor.TAKEN or self.settings.interrupt == "off":
            return []
        if self._voice_ms < self.settings.interrupt_ms:
            return []
        self.floor = Floor.FREE
        return [ReplyInterrupted(self.turn)]

    def _begin(self, at_ms: int) -> list[TurnAction]:
        self._enter(User.SPEAKING)
        self.turn += 1
        self.revision = 0
        self._began_ms = at_ms
        self._voice_ms = self._onset_ms
        self._last_voice_ms = self.now_ms
        return [UtteranceBegan(self.turn, at_ms), *self._interruption()]

    def _resume(self) -> SpeechResumed:
        self._enter(User.SPEAKING)
        self.revision += 1
        return SpeechResumed(self.turn, self.revision)

    def _end(self, cause: Literal["silence", "commit", "length"]) -> TurnEnded:
        self._reset()
        return TurnEnded(self.turn, self.revision, self._last_voice_ms, cause)

    def _drop(self) -> UtteranceDropped:
        self._reset()
        return UtteranceDropped(self.turn)

    def _reset(self) -> None:
        if self.user is not User.SILENT:
            self._enter(User.SILENT)
        self._onset_ms = 0
        self._voice_ms = 0

    def _enter(self, state: User) -> None:
        if state not in TRANSITIONS[self.user]:
            raise AssertionError(f"{self.user} cannot become {state}")
        self.user = state
