"""Recognised passages as plain text, SubRip, WebVTT, JSON or a line of JSON each. Pure.

Cues follow Netflix's Timed Text Style Guide (General Requirements and English): at most two lines
of 42 characters, at least 5/6 s and at most 7 s on screen. They also end where a sentence ends or
the speaker pauses, because a cue should be readable on its own.
"""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from models.asr import Word

Format = Literal["text", "srt", "vtt", "json", "jsonl"]

STREAMED: frozenset[Format] = frozenset({"text", "jsonl"})
"""Formats in which a passage can be written before the next one is known."""

LINE_CHARS_MAX = 42
LINES_MAX = 2
CUE_MS_MIN = 833
CUE_MS_MAX = 7_000
PAUSE_MS = 700
"""A silence this long between two words ends a cue."""

_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")


@dataclass(frozen=True, slots=True)
class Passage:
    """What was said between two silences. Times are milliseconds since the recording began."""

    start_ms: int
    end_ms: int
    text: str = field(repr=False)
    words: tuple[Word, ...] = field(default=(), repr=False)
    language: str = "en"
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Cue:
    """What is on screen together."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...] = field(repr=False)


def write(passages: Sequence[Passage], format: Format) -> str:
    """All passages in one of the formats, with a newline at the end."""
    match format:
        case "text":
            return "".join(f"{passage.text}\n" for passage in passages)
        case "srt":
            return to_srt(cues(passages))
        case "vtt":
            return to_vtt(cues(passages))
        case "json":
            return to_json(passages)
        case "jsonl":
            return "".join(to_line(passage) for passage in passages)


def to_srt(shown: Sequence[Cue]) -> str:
    """SubRip: numbered cues, comma before the milliseconds."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n"
        + "".join(f"{line}\n" for line in cue.lines)
        for number, cue in enumerate(shown, start=1)
    )


def to_vtt(shown: Sequence[Cue]) -> str:
    """WebVTT (W3C): `&`, `<` and `>` are written as entities."""
    blocks = (
        f"\n{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}\n"
        + "".join(f"{_escaped(line)}\n" for line in cue.lines)
        for cue in shown
    )
    return "WEBVTT\n" + "".join(blocks)


def to_json(passages: Sequence[Passage]) -> str:
    """The fields of OpenAI's `verbose_json`; times in seconds."""
    document = {
        "text": " ".join(passage.text for passage in passages),
        "language": passages[0].language if passages else None,
        "segments": [
            {"id": number, **_segment(passage)} for number, passage in enumerate(passages)
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def to_line(passage: Passage) -> str:
    """One passage as a line: a segment of the JSON, with its language."""
    segment = {**_segment(passage), "language": passage.language}
    return json.dumps(segment, ensure_ascii=False) + "\n"


def cues(passages: Sequence[Passage]) -> list[Cue]:
    """Cut passages into cues, in order and without overlap."""
    cut = [cue for passage in passages for cue in _passage_cues(passage)]
    starts = [cue.start_ms for cue in cut[1:]]
    return [
        Cue(cue.start_ms, _shown_until(cue, next_start_ms), cue.lines)
        for cue, next_start_ms in zip(cut, [*starts, None], strict=False)
    ]


def _passage_cues(passage: Passage) -> list[Cue]:
    groups: list[list[_Placed]] = []
    for placed in _placed_words(passage):
        if groups and _fits(groups[-1], placed, passage):
            groups[-1].append(placed)
        else:
            groups.append([placed])
    return [
        Cue(
            group[0].start_ms,
            group[-1].end_ms,
            _lines(passage.text[group[0].start_char : group[-1].end_char]),
        )
        for group in groups
    ]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word, and where it stands in the text of its passage."""

    start_ms: int
    end_ms: int
    start_char: int
    end_char: int
    ends_sentence: bool


def _placed_words(passage: Passage) -> list[_Placed]:
    """Find the words in the text, which knows what stands between them in any language."""
    placed: list[_Placed] = []
    char = 0
    for word in passage.words or _spread(passage):
        start = passage.text.find(word.text, char)
        if start < 0:
            continue
        char = start + len(word.text)
        ends = word.text.endswith(_SENTENCE_ENDS)
        placed.append(_Placed(word.start_ms, word.end_ms, start, char, ends))
    return placed


def _spread(passage: Passage) -> list[Word]:
    """Words of a passage without word times, spread evenly."""
    texts = passage.text.split()
    step_ms = (passage.end_ms - passage.start_ms) / max(1, len(texts))
    edges = [passage.start_ms + round(step_ms * index) for index in range(len(texts) + 1)]
    return [
        Word(text, start, end, passage.confidence)
        for text, start, end in zip(texts, edges, edges[1:], strict=False)
    ]


def _fits(group: Sequence[_Placed], word: _Placed, passage: Passage) -> bool:
    """Whether the word may be shown together with those before it."""
    first, last = group[0], group[-1]
    text = passage.text[first.start_char : word.end_char]
    return (
        not last.ends_sentence
        and word.start_ms - last.end_ms < PAUSE_MS
        and word.end_ms - first.start_ms <= CUE_MS_MAX
        and len(textwrap.wrap(text, LINE_CHARS_MAX)) <= LINES_MAX
    )


def _lines(text: str) -> tuple[str, ...]:
    """One line, or two of about the same length; more only for a word that is longer than that."""
    for width in range(min(len(text) // 2, LINE_CHARS_MAX), LINE_CHARS_MAX):
        lines = textwrap.wrap(text, max(1, width))
        if len(text) > LINE_CHARS_MAX and len(lines) <= LINES_MAX:
            return tuple(lines)
    return tuple(textwrap.wrap(text, LINE_CHARS_MAX))


def _shown_until(cue: Cue, next_start_ms: int | None) -> int:
    """Long enough to be read, but never into the next cue."""
    end_ms = max(cue.end_ms, cue.start_ms + CUE_MS_MIN)
    return end_ms if next_start_ms is None else min(end_ms, max(next_start_ms, cue.start_ms + 1))


def _segment(passage: Passage) -> dict[str, object]:
    return {
        "start": passage.start_ms / 1000,
        "end": passage.end_ms / 1000,
        "text": passage.text,
        "confidence": round(passage.confidence, 3),
        "words": [_word(word) for word in passage.words],
    }


def _word(word: Word) -> dict[str, object]:
    return {
        "word": word.text,
        "start": word.start_ms / 1000,
        "end": word.end_ms / 1000,
        "probability": round(word.probability, 3),
    }


def _clock(ms: int, point: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}"


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
