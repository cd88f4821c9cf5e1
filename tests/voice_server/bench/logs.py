"""Logs made by hand: what a conversation might have done, event by event."""

from audio.formats import AudioFormat, Codec
from voice_server import events as ev
from voice_server.bench.clips import Clip, Kind, TruePause, TrueWord
from voice_server.bench.conversation import Happened, Log

Events = list[tuple[float, ev.ServerEvent]]
"""Milliseconds, and what the client saw."""

FORMAT = AudioFormat(Codec.PCM_S16LE, 16_000)


def turn_clip(end_ms: int = 2000, pauses: tuple[TruePause, ...] = ()) -> Clip:
    """A user turn from 500 ms on."""
    words = (TrueWord("hello", 500, 900), TrueWord("there.", 1600, end_ms))
    return Clip("turn", "turn", "plain", "clean", FORMAT, False, words, 500, end_ms, pauses)


def floor_clip(kind: Kind, onset_ms: int = 2000) -> Clip:
    """A sound over a reply."""
    return Clip(kind, kind, kind, "clean", FORMAT, True, (), onset_ms, onset_ms + 400)


def log_of(clip: Clip, events: Events) -> Log:
    """A log with these events."""
    return Log(clip, [Happened(ms, event) for ms, event in events])


def final(turn: int, text: str) -> ev.FinalTranscript:
    """Words of a turn."""
    return ev.FinalTranscript(turn, text, "en", 1.0, (), 500)
