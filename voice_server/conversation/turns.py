"""Whose turn is it? A pure machine that counts milliseconds of microphone audio.

Theory of operation
-------------------
Two small machines and one rule that joins them.

The *user* machine reads one frame (10 ms) at a time and knows only whether it was voice:

    SILENT ──voice──▶ ONSET ──onset_ms of voice──▶ SPEAKING ──soft silence──▶ PAUSING
      ▲ ◀──silence──────┘                             ▲ ◀────────voice───────────┤
      └───────────────────────full silence────────────┴──────────────────────────┘

At the soft silence the turn has *probably* ended, so the final decode may begin; at the full
silence it *has* ended. How long the full silence is, the words decide: once they are known,
`require_silence` says so. Voice in between reopens the same turn as its next revision, and whatever
was computed for the old revision is void.

The *floor* machine knows whether a reply holds the floor, from its start until it was played out:

    FREE ──reply begins──▶ TAKEN ──voice──▶ CONTESTED ──words, a command or length──▶ FREE
      ▲ ◀──played out────────┘ ▲ ◀──backchannel, echo, nothing, silence──┘
      └──played out── PROTECTED (a reply that may not be interrupted)

The joint rule is the floor's middle column. Voice over a reply contests the floor: the reply is
paused at once, which costs nothing to undo. What was said then decides (`hear_words`): the reply
ends, or goes on to the sample. While the floor is contested no turn ends.

Time is audio time. Nothing here reads a clock, so an hour of talk replays in a second, and a
client that sends faster than real time is treated like one that does not. A refused signal
(`TurnError`) changes nothing.
"""

from enum import Enum, auto

from audio import FRAME_MS
from voice_server.conversation.barge_in import Verdict
from voice_server.conversation.turn_actions import (
    EndCause,
    EndExpected,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    ReplyWorthBeginning,
    SpeechResumed,
    TurnAction,
    TurnEnded,
    UtteranceBegan,
    UtteranceDropped,
)
from voice_server.settings import TurnSettings

VOICE_RUN_MS = 30
"""Voice this long ends a silence: one stray frame does not reopen a turn."""
CUT_SILENCE_MS = 50
CUT_FROM_SHARE = 0.8
"""A turn beyond this part of its longest is cut where a word follows a gap, not through a word."""


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
    CONTESTED = auto()
    """A reply is paused, because somebody speaks over it."""
    PROTECTED = auto()
    """A reply that may not be interrupted."""


USER_TRANSITIONS: dict[User, frozenset[User]] = {
    User.SILENT: frozenset({User.ONSET, User.SPEAKING}),
    User.ONSET: frozenset({User.SILENT, User.SPEAKING}),
    User.SPEAKING: frozenset({User.PAUSING, User.SILENT}),
    User.PAUSING: frozenset({User.SPEAKING, User.SILENT}),
}
"""Every change of the user machine; any other is refused."""

FLOOR_TRANSITIONS: dict[Floor, frozenset[Floor]] = {
    Floor.FREE: frozenset({Floor.TAKEN, Floor.PROTECTED}),
    Floor.TAKEN: frozenset({Floor.FREE, Floor.CONTESTED}),
    Floor.CONTESTED: frozenset({Floor.FREE, Floor.TAKEN}),
    Floor.PROTECTED: frozenset({Floor.FREE}),
}
"""Every change of the floor machine."""


class TurnError(Exception):
    """A signal that makes no sense now; the message says what to do instead."""


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
        self.voice_ms = 0
        """Voice in this utterance."""
        self._onset_ms = 0
        self._began_ms = 0
        self._voice_run_ms = 0
        self._last_voice_ms = 0
        self._silence_needed_ms: int | None = None
        self._worth_told = False
        self._reply_awaited = False
        self._sounding_since_ms: int | None = None
        self._voice_over_ms = 0
        """Voice in this utterance since a reply took the floor."""
        self._verdict: Verdict | None = None

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
        return [*self._interrupted_if_contested(), self._end("commit")]

    def clear(self) -> list[TurnAction]:
        """The client takes back what was said in this turn."""
        if not self.in_utterance:
            self._reset()
            return []
        return [self._drop(), *self._resumed_if_contested()]

    def require_silence(self, turn: int, revision: int, silence_ms: int) -> list[TurnAction]:
        """The words of this revision are known, and say how much silence ends the turn."""
        if not self.in_utterance or (turn, revision) != (self.turn, self.revision):
            return []
        self._silence_needed_ms = silence_ms
        self._worth_told = False
        return self._worth_beginning()

    def await_reply(self, turn: int, revision: int) -> None:
        """A reply to this revision is being made: to end the turn before it is there gains nothing.

        So the user gets that time for free, up to `silence_ms`.
        """
        if self.in_utterance and (turn, revision) == (self.turn, self.revision):
            self._reply_awaited = True

    def reply_ready(self) -> None:
        """The reply that was awaited can be heard at once."""
        self._reply_awaited = False

    def hear_words(self, turn: int, verdict: Verdict, final: bool) -> list[TurnAction]:
        """What was said over the reply so far; `final`: at a pause, so that nothing is cut off."""
        if self.floor is not Floor.CONTESTED or not self.in_utterance or turn != self.turn:
            return []
        self._verdict = verdict
        if verdict.takes_floor:
            if final or verdict is Verdict.COMMAND:
                return self._interrupted_if_contested()
            return self._contest()
        if final and self.user is User.PAUSING:
            return [self._drop(), *self._resumed_if_contested()]
        return []

    def take_floor(self, interruptible: bool) -> None:
        """A reply begins."""
        self._move_floor(Floor.TAKEN if interruptible else Floor.PROTECTED)
        self._sounding_since_ms = None
        self._voice_over_ms = 0

    def sound(self) -> None:
        """The reply's first audio leaves."""
        self._sounding_since_ms = self.now_ms

    def free_floor(self) -> None:
        """The reply was played out, or stopped."""
        if self.floor is not Floor.FREE:
            self._move_floor(Floor.FREE)

    # The user machine ------------------------------------------------------------------------

    def _listen(self, voice: bool) -> list[TurnAction]:
        if self.settings.mode == "manual":
            return self._begin(self.now_ms - FRAME_MS)
        self._onset_ms = max(0, self._onset_ms + (FRAME_MS if voice else -FRAME_MS))
        if self._onset_ms >= self._onset_needed():
            return self._begin(self.now_ms - self._onset_ms)
        if self._onset_ms and self.user is User.SILENT:
            self._enter(User.ONSET)
        elif not self._onset_ms and self.user is User.ONSET:
            self._enter(User.SILENT)
        return []

    def _onset_needed(self) -> int:
        over_reply = self.floor is Floor.TAKEN and self.settings.interrupt != "off"
        return self.settings.interrupt_onset_ms if over_reply else self.settings.onset_ms

    def _begin(self, at_ms: int) -> list[TurnAction]:
        self._enter(User.SPEAKING)
        self.turn += 1
        self.revision = 0
        self.voice_ms = self._voice_over_ms = self._onset_ms
        self._began_ms = at_ms
        self._last_voice_ms = self.now_ms
        self._silence_needed_ms = None
        self._reply_awaited = False
        self._verdict = None
        return [UtteranceBegan(self.turn, at_ms), *self._contest()]

    def _follow(self, voice: bool) -> list[TurnAction]:
        actions: list[TurnAction] = []
        goes_on = voice and self.silence_ms >= CUT_SILENCE_MS
        if voice:
            self.voice_ms += FRAME_MS
            self._voice_over_ms += FRAME_MS
        if self._voice_run_ms >= VOICE_RUN_MS:
            if self.user is User.PAUSING:
                actions.append(self._resume())
            self._last_voice_ms = self.now_ms
        actions += self._contest()
        if not self.in_utterance:
            return actions
        if self._is_too_long(goes_on):
            actions += self._cut_off(voice)
        elif self.settings.mode == "vad":
            actions += self._silence()
        return actions

    def _is_too_long(self, goes_on: bool) -> bool:
        """Whether the turn is to be cut: at its limit, or before it when a word begins."""
        spoken_ms, most_ms = self.now_ms - self._began_ms, self.settings.utterance_ms_max
        return spoken_ms >= most_ms or (goes_on and spoken_ms >= CUT_FROM_SHARE * most_ms)

    def _cut_off(self, voice: bool) -> list[TurnAction]:
        """The longest utterance: what was said so far is a turn of its own, if anything was.

        If the user speaks just now the next one begins at once, so that nobody answers in between.
        """
        if self.voice_ms < self.settings.speech_ms_min:
            return [self._drop(), *self._resumed_if_contested()]
        actions = [*self._interrupted_if_contested(), self._end("length")]
        return [*actions, *self._begin(self.now_ms - FRAME_MS)] if voice else actions

    def _silence(self) -> list[TurnAction]:
        if self.user is User.SPEAKING and self.silence_ms >= self.settings.soft_silence_ms:
            self._enter(User.PAUSING)
            return [EndExpected(self.turn, self.revision)]
        if self.silence_ms < self._silence_needed() or self.floor is Floor.CONTESTED:
            return self._worth_beginning()
        if self.voice_ms < self.settings.speech_ms_min:
            return [self._drop()]
        return [self._end("silence")]

    def _worth_beginning(self) -> list[TurnAction]:
        """Once per revision, when what is left of the silence is no longer than a reply takes."""
        needed_ms = self._silence_needed_ms
        if needed_ms is None or self._worth_told or self.user is not User.PAUSING:
            return []
        if self.silence_ms < needed_ms - self.settings.speculation_lead_ms:
            return []
        self._worth_told = True
        return [ReplyWorthBeginning(self.turn, self.revision)]

    def _silence_needed(self) -> int:
        """What the words say; until they are known, as if they were neither this nor that."""
        neutral_ms, needed_ms = self.settings.silence_ms, self._silence_needed_ms
        if needed_ms is None:
            needed_ms = neutral_ms
        elif self._reply_awaited:
            needed_ms = max(needed_ms, neutral_ms)
        return max(self.settings.soft_silence_ms + FRAME_MS, needed_ms)

    def _resume(self) -> SpeechResumed:
        self._enter(User.SPEAKING)
        self.revision += 1
        self._silence_needed_ms = None
        self._reply_awaited = False
        return SpeechResumed(self.turn, self.revision, self.silence_ms - VOICE_RUN_MS)

    def _end(self, cause: EndCause) -> TurnEnded:
        self._reset()
        return TurnEnded(self.turn, self.revision, self._last_voice_ms, cause)

    def _drop(self) -> UtteranceDropped:
        self._reset()
        return UtteranceDropped(self.turn)

    def _reset(self) -> None:
        if self.user is not User.SILENT:
            self._enter(User.SILENT)
        self._onset_ms = 0

    # The floor machine -----------------------------------------------------------------------

    def _contest(self) -> list[TurnAction]:
        """The joint rule: what the user's voice means for the reply that holds the floor."""
        if self.floor is Floor.TAKEN and self._may_interrupt():
            # Whoever presses a button to talk has decided already.
            if self.settings.interrupt == "instant" or self.settings.mode == "manual":
                self._move_floor(Floor.FREE)
                return [ReplyInterrupted(self.turn)]
            self._move_floor(Floor.CONTESTED)
            return [ReplyPaused(self.turn)]
        if self.floor is Floor.CONTESTED:
            if self._takes_floor():
                return self._interrupted_if_contested()
            if self.silence_ms >= self.settings.interrupt_resume_ms:
                return [self._drop(), *self._resumed_if_contested()]
        return []

    def _may_interrupt(self) -> bool:
        settings, since_ms = self.settings, self._sounding_since_ms
        if settings.interrupt == "off" or not self._voice_run_ms:
            return False
        if self._voice_over_ms < settings.interrupt_onset_ms:
            return False
        return since_ms is None or self.now_ms - since_ms >= settings.interrupt_warm_up_ms

    def _takes_floor(self) -> bool:
        """Whether voice so far, with the words so far, is enough."""
        if self._verdict is None or self._verdict is Verdict.NOTHING:
            return self._voice_over_ms >= self.settings.interrupt_ms
        if self._verdict.takes_floor:
            return self._voice_over_ms >= self.settings.interrupt_words_ms
        # Nobody says "mhm" for so long; an echo lasts as long as the reply does.
        long = self._voice_over_ms >= 2 * self.settings.interrupt_ms
        return long and self._verdict is Verdict.BACKCHANNEL

    def _interrupted_if_contested(self) -> list[TurnAction]:
        if self.floor is not Floor.CONTESTED:
            return []
        self._move_floor(Floor.FREE)
        return [ReplyInterrupted(self.turn)]

    def _resumed_if_contested(self) -> list[TurnAction]:
        if self.floor is not Floor.CONTESTED:
            return []
        self._move_floor(Floor.TAKEN)
        return [ReplyResumed(self.turn)]

    # Changes ---------------------------------------------------------------------------------

    def _enter(self, state: User) -> None:
        if state not in USER_TRANSITIONS[self.user]:
            raise AssertionError(f"{self.user} cannot become {state}")
        self.user = state

    def _move_floor(self, state: Floor) -> None:
        if state not in FLOOR_TRANSITIONS[self.floor]:
            raise AssertionError(f"{self.floor} cannot become {state}")
        self.floor = state
