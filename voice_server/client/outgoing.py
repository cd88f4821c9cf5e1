"""What a client has said, until the server needs it no more. Pure.

Audio is kept until a final covers it, messages until they are acknowledged; both in the order in
which they were said, so that a client that comes back can say the rest again. What the server has
already it drops: audio by position, messages by id.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEPT_S_MAX = 60.0
"""Audio; of what is older, the oldest is given up."""
MESSAGES_MAX = 256
"""As many as servers remember the ids of."""
SAMPLE_BYTES = 2
TIDIED_IN_PARTS = 60
OWN_ID = "~"
"""What ids begin with that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Speech:
    """A piece of microphone."""

    position: int
    """Of its first sample, since the session began."""
    pcm: bytes = field(repr=False)

    @property
    def end(self) -> int:
        """Position of the sample after its last."""
        return self.position + len(self.pcm) // SAMPLE_BYTES


@dataclass(frozen=True, slots=True)
class Command:
    """A message with an id."""

    id: str
    message: Mapping[str, Any] = field(repr=False)


class Outgoing:
    """A queue that remembers what it gave out."""

    def __init__(self, rate: int) -> None:
        """`rate` of the microphone in hertz."""
        self.keeps = False
        """Whether anything may have to be said again."""
        self._samples_max = int(rate * KEPT_S_MAX)
        self._waiting: deque[Speech | Command] = deque()
        self._given: deque[Speech | Command] = deque()
        self._end = 0
        self._covered = self._kept_from = 0
        self._ids = 0

    # Saying ----------------------------------------------------------------------------------

    def speak(self, pcm: bytes) -> None:
        """Whole samples of the microphone; they follow the last ones."""
        speech = Speech(self._end, pcm)
        self._end = speech.end
        self._waiting.append(speech)
        self._tidy(max(self._covered, self._end - self._samples_max))

    def command(self, message: Mapping[str, Any]) -> None:
        """A message that is to be obeyed once. Raises `OverflowError` where too many wait."""
        kept = (*self._given, *self._waiting)
        if sum(isinstance(said, Command) for said in kept) >= MESSAGES_MAX:
            raise OverflowError(f"{MESSAGES_MAX} messages are not acknowledged yet")
        self._ids += 1
        id = message.get("id") or f"{OWN_ID}{self._ids}"
        self._waiting.append(Command(id, {**message, "id": id}))

    def take(self) -> Speech | Command | None:
        """What is to be sent next, if anything."""
        if not self._waiting:
            return None
        said = self._waiting.popleft()
        if self.keeps:
            self._given.append(said)
        return said

    # Forgetting ------------------------------------------------------------------------------

    def acknowledged(self, id: str) -> bool:
        """The server has obeyed or refused it. Returns whether the id is one of ours."""
        self._given = deque(
            said for said in self._given if not isinstance(said, Command) or said.id != id
        )
        return id.startswith(OWN_ID) and id.removeprefix(OWN_ID).isdecimal()

    def covered(self, position: int) -> None:
        """The server never needs the samples before this one again."""
        self._covered = max(self._covered, position)
        self._tidy(self._covered)

    def _tidy(self, position: int) -> None:
        """Forget audio before a position, now and then: each time costs a look at all of it."""
        if position >= self._kept_from + self._samples_max // TIDIED_IN_PARTS:
            self._forget_before(position)

    def _forget_before(self, position: int) -> None:
        self._kept_from = position
        self._given = deque(said for said in self._given if _needed(said, position))
        self._waiting = deque(said for said in self._waiting if _needed(said, position))

    # Coming back -----------------------------------------------------------------------------

    def again(self, position: int) -> None:
        """Say everything again that may be missing, from this sample of the microphone on.

        What is not covered stays: should this server die, the next one asks for more.
        """
        said = (*self._given, *self._waiting)
        self._waiting = deque(piece for piece in said if _needed(piece, position))
        self._given = deque(piece for piece in said if not _needed(piece, position))

    def afresh(self, *, keep: bool) -> None:
        """A new session: messages are lost. With `keep` what was spoken in vain begins it."""
        self._forget_before(self._covered)
        spoken = [said.pcm for said in (*self._given, *self._waiting) if isinstance(said, Speech)]
        self._given.clear()
        self._waiting.clear()
        self._end = self._covered = self._kept_from = 0
        for pcm in spoken if keep else ():
            self.speak(pcm)


def _needed(said: Speech | Command, position: int) -> bool:
    return isinstance(said, Command) or said.end > position
