"""Which words of a growing hypothesis may be shown as settled: local agreement, purely.

A word is committed when two successive hypotheses say it at the same place and it ended a moment
before the edge of the audio, where words are still cut off (LocalAgreement-2: Macháček, Dabre and
Bojar, 2023, "Turning Whisper into a Real-Time Transcription System"). What was committed never
changes in a later partial. A final is a better decode of all the audio that is still there, so it
may correct committed words; only words whose audio has left the window are kept as they are.
"""

from collections.abc import Sequence

from models.asr import Word

_EDGE_PROBABILITY = 0.8
_SHIFT_WORDS_MAX = 4
"""How far times and text may disagree about where a hypothesis goes on after committed words."""


def normal(word: str) -> str:
    """Case and punctuation do not count when two words are compared."""
    return "".join(c for c in word.casefold() if c.isalnum()) or word


def middle_ms(word: Word) -> float:
    """Edges of words are uncertain; their middles are not."""
    return (word.start_ms + word.end_ms) / 2


class Agreement:
    """The words of one utterance, hypothesis after hypothesis.

    All times are milliseconds since the utterance began, so the window may move forward between
    two calls. `edge_ms` is how long before the end of the audio a word must have ended.
    """

    def __init__(self, edge_ms: int = 250) -> None:
        self._edge_ms = edge_ms
        self._committed: tuple[Word, ...] = ()
        self._kept = 0
        self._volatile: tuple[Word, ...] = ()

    @property
    def committed(self) -> tuple[Word, ...]:
        """Every word committed so far."""
        return self._committed

    def update(
        self, words: Sequence[Word], window_end_ms: int
    ) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
        """Take the newest hypothesis; return all committed words and the volatile rest of it.

        `words` may begin anywhere before or at the end of the committed words. Unlikely words at
        the edge of the audio are not returned: half a word is taken for another one.
        """
        fresh = after(self._committed, words)
        agreed = 0
        for new, old in zip(fresh, self._volatile, strict=False):
            if normal(new.text) != normal(old.text) or new.end_ms > window_end_ms - self._edge_ms:
                break
            agreed += 1
        self._committed += fresh[:agreed]
        self._volatile = fresh[agreed:]
        return self._committed, _presentable(self._volatile, window_end_ms - self._edge_ms)

    def release(self, until_ms: int) -> None:
        """The audio before `until_ms` leaves the window: its committed words are kept for good."""
        self._kept = sum(middle_ms(word) < until_ms for word in self._committed)

    def settle(self, words: Sequence[Word]) -> tuple[Word, ...]:
        """Commit a hypothesis whole, because its audio leaves the window; return all committed."""
        self._committed += after(self._committed, words)
        self._kept = len(self._committed)
        self._volatile = ()
        return self._committed

    def finish(self, words: Sequence[Word]) -> tuple[Word, ...]:
        """Return the words of a final, given a decode of the audio that is in the window.

        Nothing heard where words were committed is a failed decode, not a correction. Changes
        nothing: the speaker may go on, and partials then continue where they were.
        """
        if not words:
            return self._committed
        kept = self._committed[: self._kept]
        return kept + after(kept, words)


def _presentable(words: tuple[Word, ...], edge_ms: int) -> tuple[Word, ...]:
    """Leave out the last words while they are cut off and unlikely."""
    shown = len(words)
    while shown:
        last = words[shown - 1]
        if last.end_ms <= edge_ms or last.probability >= _EDGE_PROBABILITY:
            break
        shown -= 1
    return words[:shown]


def after(said: Sequence[Word], words: Sequence[Word]) -> tuple[Word, ...]:
    """Return the part of a hypothesis that comes after the words `said` already.

    Times say roughly where that is; where the text repeats the last words said, it says exactly.
    """
    if not said:
        return tuple(words)
    end_ms = said[-1].end_ms
    near = sum(middle_ms(word) < end_ms for word in words)
    best, longest = near, 0
    for split in range(
        max(0, near - _SHIFT_WORDS_MAX), min(len(words), near + _SHIFT_WORDS_MAX) + 1
    ):
        overlap = _overlap(said, words[:split])
        # One common word far from where the clock points is chance, not repetition.
        if overlap >= abs(split - near) and overlap > longest:
            best, longest = split, overlap
    return tuple(words[best:])


def _overlap(said: Sequence[Word], words: Sequence[Word]) -> int:
    """Count the words at the end of `words` that are also the end of `said`."""
    count = 0
    for one, other in zip(reversed(said), reversed(words), strict=False):
        if count > _SHIFT_WORDS_MAX or normal(one.text) != normal(other.text):
            break
        count += 1
    return count
