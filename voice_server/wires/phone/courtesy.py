"""How a call is held politely: a greeting, a question after a long silence, a farewell. Pure.

It watches what the session tells and asks it for what is said on such occasions. Time is that of
the caller's audio. A caller who says nothing is asked once; after as much silence again, or when
the call has lasted long enough, the farewell is spoken, and when it was heard the call ends.
"""

from enum import Enum, auto

from voice_server import events as ev
from voice_server.settings import PhoneSettings


class Mood(Enum):
    """How far a call has come."""

    TALKING = auto()
    ASKED = auto()
    """The caller was silent, and was asked."""
    LEAVING = auto()
    """The farewell is spoken."""
    OVER = auto()


class Courtesy:
    """One call's."""

    def __init__(self, settings: PhoneSettings) -> None:
        self.mood = Mood.TALKING
        self._settings = settings
        self._call_ms = 0.0
        self._patient = True
        """The call may still be as long as the caller likes."""
        self._farewell: int | None = None
        """Its reply."""
        self._wishes: list[ev.ClientEvent] = []

    def take(self) -> list[ev.ClientEvent]:
        """What is to be asked of the session now."""
        wishes, self._wishes = self._wishes, []
        return wishes

    def pass_time(self, ms: float) -> None:
        """The call went on for so long."""
        self._call_ms += ms
        call_s_max = self._settings.call_s_max
        if self._patient and call_s_max and self._call_ms >= call_s_max * 1000:
            self._patient = False
            self._leave()

    def note(self, event: ev.ServerEvent) -> bool:
        """Take in what the session tells. True when the call is to be ended now."""
        if isinstance(event, ev.Noticed) and event.code == "user_idle":
            self._note_silence()
        elif isinstance(event, ev.SpeechStarted) and self._patient:
            self.mood = Mood.TALKING
            self._farewell = None
        elif isinstance(event, ev.ReplyStarted) and self.mood is Mood.LEAVING:
            self._farewell = event.reply
        elif isinstance(event, ev.ReplyDone) and event.reply == self._farewell:
            self.mood = Mood.OVER
            self._wishes.append(ev.SessionEnded())
            return True
        return False

    def _note_silence(self) -> None:
        if self.mood is not Mood.TALKING:
            self._leave()
        elif self._settings.silence_prompt:
            self.mood = Mood.ASKED
            self._wishes.append(ev.SayRequested(self._settings.silence_prompt))
        else:
            self._leave()

    def _leave(self) -> None:
        if self.mood in (Mood.LEAVING, Mood.OVER):
            return
        self.mood = Mood.LEAVING
        if self._settings.farewell:
            self._wishes += [
                ev.ReplyCancelled(),
                ev.SayRequested(self._settings.farewell, interruptible=self._patient),
            ]
        else:
            self.mood = Mood.OVER
            self._wishes.append(ev.SessionEnded())
