"""What somebody wants to have spoken over Wyoming: whole, or piece by piece. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from wyoming.event import Event
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeVoice,
)

from voice_server.conversation.clauses import ClauseCutter

TEXT_CHARS_MAX = 20_000
"""Of one request, whole or in pieces."""


@dataclass(frozen=True, slots=True)
class Say:
    """Speak this."""

    text: str = field(repr=False)
    voice: SynthesizeVoice | None = None


@dataclass(frozen=True, slots=True)
class AllSaid:
    """The pieces have come to their end."""


class SpeechRequests:
    """One connection's requests, in order. `take` raises what a malformed event raises."""

    def __init__(self) -> None:
        self._cutter: ClauseCutter | None = None
        self._voice: SynthesizeVoice | None = None
        self._chars = 0

    @staticmethod
    def concerns(event: Event) -> bool:
        """Whether an event is about speaking."""
        kinds = (Synthesize, SynthesizeStart, SynthesizeChunk, SynthesizeStop)
        return any(kind.is_type(event.type) for kind in kinds)

    def take(self, event: Event) -> list[Say | AllSaid]:
        """What is to be spoken now. Raises `ValueError`, `KeyError` or `TypeError`."""
        if SynthesizeStart.is_type(event.type):
            self._cutter, self._chars = ClauseCutter(), 0
            self._voice = SynthesizeStart.from_event(event).voice
            return []
        if Synthesize.is_type(event.type):
            return self._whole(Synthesize.from_event(event))
        if self._cutter is None:
            return []
        if SynthesizeChunk.is_type(event.type):
            return self._piece(SynthesizeChunk.from_event(event).text, self._cutter)
        rest = [Say(clause.text, self._voice) for clause in self._cutter.finish()]
        self._cutter = None
        return [*rest, AllSaid()]

    def _whole(self, asked: Synthesize) -> list[Say | AllSaid]:
        """Within a stream it is a copy for servers that cannot stream, and says nothing new."""
        if self._cutter is not None:
            return []
        self._chars = 0
        self._count(asked.text)
        return [Say(asked.text, asked.voice)]

    def _piece(self, text: str, cutter: ClauseCutter) -> list[Say | AllSaid]:
        self._count(text)
        return [Say(clause.text, self._voice) for clause in cutter.feed(text)]

    def _count(self, text: str) -> None:
        self._chars += len(text)
        if self._chars > TEXT_CHARS_MAX:
            raise ValueError(f"a text has at most {TEXT_CHARS_MAX} characters")


def voice_of(asked: SynthesizeVoice | None, known: Iterable[tuple[str, str]]) -> str | None:
    """The id of the voice that was asked for, by name or by language, if there is one.

    `known` are ids and languages.
    """
    if asked is None:
        return None
    voices = list(known)
    if asked.name and any(id == asked.name for id, _ in voices):
        return asked.name
    if asked.language:
        wanted = asked.language.lower().replace("_", "-")
        exact = (id for id, language in voices if language.lower() == wanted)
        near = (id for id, lang in voices if lang.lower()[:2] == wanted[:2])
        return next(exact, None) or next(near, None)
    return None
