"""A voice that says some words as it was told to: names, brands, abbreviations.

Wraps any synthesizer. Written words are replaced before they are spoken, and the word marks that
come back speak of the written text again: who was interrupted has heard "SQL", not "sequel".
"""

import re
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from models.tts import SpeechChunk, Synthesizer, Voice, WordMark


@dataclass(frozen=True, slots=True)
class Respelt:
    """A text as it is to be spoken."""

    text: str = field(repr=False)
    replaced: tuple[tuple[range, range], ...] = field(repr=False)
    """Characters of `text`, and the written ones that they stand for, in order."""

    def written_mark(self, mark: WordMark) -> WordMark:
        """The mark of a spoken word, on the written text."""
        start_char = self._written(mark.start_char).start
        end_char = self._written(max(mark.start_char, mark.end_char - 1)).stop
        return replace(mark, start_char=start_char, end_char=end_char)

    def _written(self, char: int) -> range:
        """The written characters behind a spoken one."""
        shift = 0
        for spoken, written in self.replaced:
            if char in spoken:
                return written
            if char < spoken.start:
                break
            shift = written.stop - spoken.stop
        return range(char + shift, char + shift + 1)


class Pronunciations:
    """Spoken forms by written word: whole words, in any case, the longest first."""

    def __init__(self, forms: Mapping[str, str]) -> None:
        self._forms = {word.casefold(): form for word, form in forms.items()}
        words = sorted((word for word in forms if word), key=len, reverse=True)
        alternatives = "|".join(re.escape(word) for word in words)
        self._pattern = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)
        self._is_empty = not words

    def respelt(self, text: str) -> Respelt:
        """What to say for a written text."""
        if self._is_empty:
            return Respelt(text, ())
        pieces: list[str] = []
        replaced: list[tuple[range, range]] = []
        end = length = 0
        for match in self._pattern.finditer(text):
            form = self._forms.get(match.group().casefold(), match.group())
            before = text[end : match.start()]
            start = length + len(before)
            length, end = start + len(form), match.end()
            pieces += [before, form]
            replaced.append((range(start, length), range(match.start(), end)))
        return Respelt("".join([*pieces, text[end:]]), tuple(replaced))


class PronouncingVoice:
    """A `Synthesizer` in front of another."""

    def __init__(self, synthesizer: Synthesizer, forms: Mapping[str, str]) -> None:
        """`forms` are what to say, by the word as it is written."""
        self._synthesizer = synthesizer
        self._pronunciations = Pronunciations(forms)

    @property
    def name(self) -> str:
        """As the voice's."""
        return self._synthesizer.name

    @property
    def rate(self) -> int:
        """As the voice's."""
        return self._synthesizer.rate

    @property
    def voices(self) -> Sequence[Voice]:
        """As the voice's."""
        return self._synthesizer.voices

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        """As the voice's. A word spoken as several has one mark, from where the first begins."""
        respelt = self._pronunciations.respelt(text)
        said = self._synthesizer.speak(respelt.text, voice=voice, speed=speed, urgent=urgent)
        end_char = 0
        async with aclosing(said) as chunks:
            async for chunk in chunks:
                marks = _without_repeats(map(respelt.written_mark, chunk.marks), end_char)
                end_char = marks[-1].end_char if marks else end_char
                yield replace(chunk, marks=marks)

    async def close(self) -> None:
        """Release the voice."""
        await self._synthesizer.close()


def _without_repeats(marks: Iterable[WordMark], end_char: int) -> tuple[WordMark, ...]:
    """Leave out words that begin before `end_char`, up to which all is marked."""
    kept: list[WordMark] = []
    for mark in marks:
        if mark.start_char >= end_char:
            kept.append(mark)
            end_char = mark.end_char
    return tuple(kept)
