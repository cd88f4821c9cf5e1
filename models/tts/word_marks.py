"""Word marks: from what an engine knows about its words to `WordMark`s that tile the text.

A mark runs from the beginning of its word to the white space before the next mark, so a caption
made of marks loses no punctuation and none of the small words that engines swallow ("of the").
"""

import re
from dataclasses import replace

from models.tts import SpeechChunk, WordMark


def shifted(chunk: SpeechChunk, chars: int, samples: int) -> SpeechChunk:
    """Return the chunk of a piece as a chunk of the whole, which the piece joins that far in."""
    marks = (
        replace(
            mark,
            start_char=mark.start_char + chars,
            end_char=mark.end_char + chars,
            start_sample=mark.start_sample + samples,
            end_sample=mark.end_sample + samples,
        )
        for mark in chunk.marks
    )
    return SpeechChunk(chunk.samples, tuple(marks))


class WordTracker:
    """Turns the word events of an engine, in the order of time, into marks."""

    def __init__(self, text: str, exact: bool = True) -> None:
        self._text = text
        self._exact = exact
        self._open: tuple[int, int] | None = None
        self._unsettled: tuple[int, int] | None = None
        self._spoken_to_char = 0

    def begin(self, char: int, length: int, sample: int) -> list[WordMark]:
        """Note that a word begins; return the marks of the words that are over with it.

        Events inside or before the word being spoken (the parts of a number) belong to it. One
        on a white space may mean the word behind it, or the rest of the one before ("grinning
        face" for one character): the event after it decides.
        """
        if not self._spoken_to_char <= char < len(self._text):
            return []
        if self._text[char].isspace():
            behind = char + len(self._text[char:]) - len(self._text[char:].lstrip())
            marks = self._settle(behind)
            self._unsettled = (behind, sample) if behind < len(self._text) else None
            return marks
        return [*self._settle(char), *self._begin(char, length, sample)]

    def finish(self, sample: int, before_char: int | None = None) -> list[WordMark]:
        """Return the marks of the words that the end of the audio, or of a sentence, ended.

        `before_char` is where the next sentence's first word begins.
        """
        before_char = len(self._text) if before_char is None else before_char
        return [*self._settle(before_char), *self._close(before_char, sample)]

    def _settle(self, next_char: int) -> list[WordMark]:
        """Let the unsettled event be a word if no other event has claimed that word."""
        unsettled, self._unsettled = self._unsettled, None
        if unsettled is None or unsettled[0] >= next_char:
            return []
        char, sample = unsettled
        return self._begin(char, 1, sample)

    def _begin(self, char: int, length: int, sample: int) -> list[WordMark]:
        start_char = self._cut(char)
        marks = self._close(start_char, sample)
        self._open = start_char, sample
        self._spoken_to_char = char + max(length, 1)
        return marks

    def _cut(self, char: int) -> int:
        """Move back from a word's first letter over an opening quote or bracket."""
        between = self._text[self._spoken_to_char : char]
        unspaced = re.split(r"\s", between)[-1]
        inside_token = len(unspaced) == len(between) and self._open is not None
        return char if inside_token else char - len(unspaced)

    def _close(self, before_char: int, sample: int) -> list[WordMark]:
        if self._open is None:
            return []
        start_char, start_sample = self._open
        self._open = None
        end_char = start_char + len(self._text[start_char:before_char].rstrip())
        return [WordMark(start_char, end_char, start_sample, sample, self._exact)]
