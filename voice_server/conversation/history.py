"""What was said, by whom, as far as it was heard.

One owner: the session appends, nobody else. An interrupted reply is remembered up to the last word
the user heard, with a dash, so that the model knows where it was cut off. The prompt grows only at
its end, so that a server with a prefix cache has to read each turn once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from models.llm import Message

CUT = " —"
"""Follows the last word heard of an interrupted reply."""


@dataclass(frozen=True, slots=True)
class Line:
    """One remembered line."""

    role: Literal["user", "assistant"]
    text: str = field(repr=False)


class History:
    """The conversation so far."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        """UTF-8 bytes of lines that a prompt may carry."""
        self._lines: list[Line] = []
        self._bytes = 0

    @property
    def lines(self) -> Sequence[Line]:
        """Oldest first; beyond `bytes_max` the oldest are gone."""
        return tuple(self._lines)

    def foreseen(self, text: str) -> "History":
        """A copy in which the user has said this, too."""
        copy = History(self.bytes_max)
        copy._lines = list(self._lines)
        copy._bytes = self._bytes
        copy.user_said(text)
        return copy

    def user_said(self, text: str) -> None:
        """Remember a user turn. Turns in a row (the reply was cut before a word) become one."""
        if self._lines and self._lines[-1].role == "user":
            text = f"{self._pop().text} {text}"
        self._push(Line("user", text))

    def assistant_said(self, text: str, *, cut: bool = False) -> None:
        """Remember what was heard of a reply, if anything. Replies in a row become one."""
        text = text.strip() + (CUT if cut else "")
        if text in ("", CUT):
            return
        if self._lines and self._lines[-1].role == "assistant":
            text = f"{self._pop().text} {text}"
        self._push(Line("assistant", text))

    def messages(self, system_prompt: str) -> list[Message]:
        """The prompt: instructions first, then the lines in order, beginning with the user's.

        Many chat templates insist on that, so what the assistant said first goes into the
        instructions.
        """
        lines = self._lines
        if lines and lines[0].role == "assistant":
            system_prompt = f"{system_prompt}\n\nYou began by saying: {lines[0].text}"
            lines = lines[1:]
        return [
            Message("system", system_prompt),
            *(Message(line.role, line.text) for line in lines),
        ]

    def _push(self, line: Line) -> None:
        line = Line(line.role, _end_of(line.text, self.bytes_max))
        self._lines.append(line)
        self._bytes += _size(line)
        while self._bytes > self.bytes_max and len(self._lines) > 1:
            self._forget_oldest_exchange()

    def _pop(self) -> Line:
        line = self._lines.pop()
        self._bytes -= _size(line)
        return line

    def _forget_oldest_exchange(self) -> None:
        """Whole exchanges go, so that the prompt still begins with the user."""
        while len(self._lines) > 1:
            line = self._lines.pop(0)
            self._bytes -= _size(line)
            if self._lines[0].role == "user":
                return


def _size(line: Line) -> int:
    return len(line.text.encode(errors="replace"))


def _end_of(text: str, bytes_max: int) -> str:
    """The newest part of a text: turns without replies in between could fill the memory."""
    encoded = text.encode(errors="replace")
    return text if len(encoded) <= bytes_max else encoded[-bytes_max:].decode(errors="ignore")
