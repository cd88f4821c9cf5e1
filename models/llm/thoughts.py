"""What a model thinks aloud at the beginning of a reply is taken out: it is not part of the answer.

Pure. Servers without a reasoning parser pass on `<think> … </think>` as text, cut anywhere. Only a
reply that begins with the tag is filtered; any other passes untouched and at once.
"""

from enum import Enum, auto

_OPEN = "<think>"
_CLOSE = "</think>"


class _State(Enum):
    UNDECIDED = auto()
    """What came so far may become the tag."""
    THINKING = auto()
    CLOSED = auto()
    """The thought is over; the white space behind it belongs to it."""
    ANSWERING = auto()


class Thoughts:
    """The filter of one reply."""

    def __init__(self) -> None:
        self._state = _State.UNDECIDED
        self._held = ""

    def feed(self, text: str) -> str:
        """Take the next piece; return what is answer, of it and of what was held back."""
        if self._state is _State.ANSWERING:
            return text
        self._held += text
        if self._state is _State.UNDECIDED:
            self._decide()
        if self._state is _State.THINKING:
            self._think()
        if self._state is _State.CLOSED:
            self._held = self._held.lstrip()
            if self._held:
                self._state = _State.ANSWERING
        return self._release() if self._state is _State.ANSWERING else ""

    def rest(self) -> str:
        """What was held back and turned out to be answer; call it when the reply ends."""
        return self._release() if self._state is _State.UNDECIDED else ""

    def _decide(self) -> None:
        begun = self._held.lstrip()
        if begun.startswith(_OPEN):
            self._state, self._held = _State.THINKING, begun.removeprefix(_OPEN)
        elif not _OPEN.startswith(begun):
            self._state = _State.ANSWERING

    def _think(self) -> None:
        _, closed, after = self._held.partition(_CLOSE)
        if closed:
            self._state, self._held = _State.CLOSED, after
        else:
            self._held = self._held[-len(_CLOSE) :]

    def _release(self) -> str:
        answer, self._held = self._held, ""
        return answer
