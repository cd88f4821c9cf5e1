"""What stood on a talker's screen, when, and what that says about a recogniser. Pure.

A word counts as shown when it first stands where it was spoken, and as committed when it first
stands in the part that never changes. What was shown and then changed or taken back is flicker.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from voice_server.bench.asr.speech import Spoken
from voice_server.bench.load.talk import Said
from voice_server.bench.word_error import word_error, words_of

Message = tuple[float, str]
"""When it came, in seconds since the session's first frame, and its JSON."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What stood there from one moment on."""

    at_s: float
    text: str
    stable: str
    """The part that never changes."""
    final: bool


@dataclass(frozen=True, slots=True)
class Score:
    """What one utterance tells; all times are milliseconds."""

    first_ms: float | None
    """Beginning of speech to the first words."""
    final_ms: float | None
    """End of speech to the last final."""
    shown_ms: list[float] = field(default_factory=list)
    """Of each word that was understood: its end to its first appearance."""
    committed_ms: list[float] = field(default_factory=list)
    """The same, to the moment from which it could not change."""
    retracted: int = 0
    """Words that were shown and did not stay."""
    words: int = 0
    """Words that stand in the end."""
    error: float = 1.0
    """Word errors per word that was said."""


def captions(messages: Sequence[Message], lines: Sequence[Said]) -> list[list[Caption]]:
    """For each line that was said, what was shown of it.

    A turn belongs to the line during which it was first heard of, however late its words come.
    """
    found: list[list[Caption]] = [[] for _ in lines]
    owners: dict[str, int] = {}
    texts: list[dict[str, tuple[str, str]]] = [{} for _ in lines]
    for at_s, text in messages:
        message = json.loads(text)
        item = message.get("item")
        if not isinstance(item, str):
            continue
        owner = owners.setdefault(item, _line_at(at_s, lines))
        final = message["type"] == "transcript.final"
        if owner < 0 or not (final or message["type"] == "transcript.partial"):
            continue
        texts[owner][item] = (
            (message["text"], "") if final else (message["stable"], message["unstable"])
        )
        found[owner].append(_caption(at_s, list(texts[owner].values()), final))
    return found


def _line_at(at_s: float, lines: Sequence[Said]) -> int:
    return sum(line.begins_s <= at_s for line in lines) - 1


def _caption(at_s: float, turns: Sequence[tuple[str, str]], final: bool) -> Caption:
    whole = " ".join(part for turn in turns for part in turn if part)
    settled = [part for turn in turns[:-1] for part in turn if part]
    return Caption(at_s, whole, " ".join([*settled, turns[-1][0]]), final)


def score(shown: Sequence[Caption], said: Said, speech: Spoken) -> Score:
    """How good and how quick the captions of one line were."""
    begins_s, ends_s = said.begins_s, said.begins_s + speech.seconds
    first = next((caption.at_s for caption in shown if caption.text), None)
    final = max((caption.at_s for caption in shown if caption.final), default=None)
    heard = shown[-1].text if final is not None else ""
    return Score(
        first_ms=_ms(first, begins_s),
        final_ms=_ms(final, ends_s),
        shown_ms=word_delays_ms([(c.at_s - begins_s, c.text) for c in shown], speech.words),
        committed_ms=word_delays_ms([(c.at_s - begins_s, c.stable) for c in shown], speech.words),
        retracted=retracted([caption.text for caption in shown]),
        words=len(words_of(heard)),
        error=word_error(speech.text, heard),
    )


def retracted(texts: Sequence[str]) -> int:
    """Words that did not stay, over all changes; case and punctuation are free."""
    count, before = 0, list[str]()
    for text in texts:
        now = words_of(text)
        same = 0
        while same < min(len(before), len(now)) and before[same] == now[same]:
            same += 1
        count += len(before) - same
        before = now
    return count


def word_delays_ms(
    shown: Sequence[tuple[float, str]], words: Sequence[tuple[str, float]]
) -> list[float]:
    """For each spoken word that ever appears at its place: when it first did, after its end."""
    truth = [word for word, _ in words]
    found: dict[int, float] = {}
    for at_s, text in shown:
        matcher = SequenceMatcher(a=truth, b=words_of(text), autojunk=False)
        for block in matcher.get_matching_blocks():
            for number in range(block.a, block.a + block.size):
                found.setdefault(number, at_s)
    return [1000 * (at_s - words[number][1]) for number, at_s in sorted(found.items())]


def _ms(at_s: float | None, since_s: float) -> float | None:
    return None if at_s is None else 1000 * (at_s - since_s)
