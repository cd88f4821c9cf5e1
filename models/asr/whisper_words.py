"""From tokens aligned with audio to words with times: Whisper's pieces put together. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.asr import Word
from models.asr.decoding import Task
from models.asr.speech_window import loud_frames, without_pauses
from models.asr.transcripts import NO_SPACES

Part = Mapping[str, Any]
"""What faster-whisper's alignment says of a piece: `word`, `start`, `end`, `probability`."""

_PREPENDED = frozenset("\"'“¿([{-")
_APPENDED = frozenset("\"'.。,，!！?？:：”)]}、")


def timed_words(parts: Sequence[Part], task: Task, language: str) -> tuple[Word, ...]:
    """Return the words of a task; times count from the beginning of its utterance.

    Alignment gives each pause to a word beside it; the audio tells how much of it is speech.
    """
    loud = loud_frames(task.samples)
    words = []
    for group in _grouped(parts, spaced=language not in NO_SPACES):
        span_ms = (
            min(task.audio_ms, round(float(seconds) * 1000))
            for seconds in (group[0]["start"], group[-1]["end"])
        )
        start_ms, end_ms = (task.start_ms + at for at in without_pauses(loud, *span_ms))
        text = "".join(part["word"] for part in group).strip()
        words.append(Word(text, start_ms, end_ms, min(float(p["probability"]) for p in group)))
    return tuple(words)


def _grouped(parts: Sequence[Part], *, spaced: bool) -> list[list[Part]]:
    """Put punctuation, and what faster-whisper split as in `o'clock`, with the word it is part of.

    Done here because faster-whisper's own `merge_punctuations` loses the time of what it merges.
    """
    groups: list[list[Part]] = []
    for part in parts:
        text = part["word"]
        joins = text.strip() in _APPENDED or (spaced and not text.startswith(" "))
        if groups and (joins or groups[-1][-1]["word"].strip() in _PREPENDED):
            groups[-1].append(part)
        elif text.strip():
            groups.append([part])
    return groups
