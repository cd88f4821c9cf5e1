"""What a device shows of a conversation: one word at a time, for a lamp. Pure."""

from voice_server.client.events import Event, Notice, Ready, Reconnecting, State

ASLEEP = "asleep"
CONNECTING = "connecting"
NO_SOUND = "no_sound"
RECONNECTING = "reconnecting"
STOPPED = "stopped"

STATES = (
    CONNECTING,
    ASLEEP,
    "listening",
    "hearing",
    "thinking",
    "speaking",
    "paused",
    RECONNECTING,
    NO_SOUND,
    STOPPED,
)
"""All of them; `asleep`: a wake phrase is needed, and what is said shows nowhere."""

_UNHEARD = frozenset({"listening", "hearing", "thinking"})
"""What the room may not see of a device that sleeps."""


class KioskStates:
    """The state of one device, event by event."""

    def __init__(self) -> None:
        self._conversation = CONNECTING
        self._asleep = False
        self._needs_phrase = False

    @property
    def now(self) -> str:
        """One of `STATES`."""
        return ASLEEP if self._asleep and self._conversation in _UNHEARD else self._conversation

    def take(self, event: Event) -> str:
        """The state after this event."""
        match event:
            case Ready():
                self._needs_phrase = bool(event.config.get("turn", {}).get("wake_phrases"))
                self._asleep = self._needs_phrase and (self._asleep or not event.resumed)
                self._conversation = "listening"
            case State(state=state):
                self._conversation = "hearing" if state == "endpointing" else state
            case Notice(code="awake"):
                self._asleep = False
            case Notice(code="asleep"):
                self._asleep = self._needs_phrase
            case Reconnecting():
                self._conversation = RECONNECTING
        return self.now
