"""Sentences with pauses in them: spoken whole by espeak-ng, cut between words, put together again.

A sentence spoken in parts would fall at each part's end and give its pauses away. So it is spoken
in one breath, and the silence is put in where the energy is least.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import soxr
from numpy.typing import NDArray

from audio import SAMPLE_RATE
from models.tts import WordMark
from models.tts.espeak import speak_now
from models.tts.espeak_library import RATE
from voice_server.bench.clips import TrueWord

Signal = NDArray[np.float64]
"""Full scale is 1; 16 kHz, shape (n,)."""

BAR = "|"
FADE = SAMPLE_RATE * 6 // 1000
SEEK = SAMPLE_RATE * 40 // 1000
STEP = SAMPLE_RATE * 5 // 1000
QUIET_DB = -42
"""Against the loudest 5 ms: below it nothing is said."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence: what it sounds like and when its words are spoken."""

    signal: Signal
    words: list[TrueWord]
    pauses: list[tuple[int, int]]
    """Start and end in milliseconds."""


def speak(text: str, voice: str, speed: float, pauses_ms: Sequence[int]) -> Spoken:
    """Speak a text, with one pause for each bar in it."""
    tokens = text.split()
    written = [token for token in tokens if token != BAR]
    before = [sum(t != BAR for t in tokens[:i]) for i, t in enumerate(tokens) if t == BAR]
    samples, marks = speak_now(" ".join(written), voice, speed)
    signal = soxr.resample(samples.astype(np.float64) / 32768, RATE, SAMPLE_RATE, quality="HQ")
    spans = _spans(written, marks, len(signal))
    pieces, words, pauses, at = [], [], [], 0
    edges = [0, *before, len(written)]
    for index, (first, last) in enumerate(pairwise(edges)):
        start = 0 if index == 0 else _quietest(signal, spans[first][0])
        end = len(signal) if last == len(written) else _quietest(signal, spans[last][0])
        left, right = _sounding(signal[start:end])
        start, end = start + left, start + right
        pieces.append(_faded(signal[start:end]))
        words += _words(written[first:last], spans[first:last], (start, end), at)
        at += end - start
        if index < len(before):
            gap = pauses_ms[index] * SAMPLE_RATE // 1000
            pieces.append(np.zeros(gap))
            pauses.append((_ms(at), _ms(at + gap)))
            at += gap
    return Spoken(np.concatenate(pieces), words, pauses)


def _spans(tokens: Sequence[str], marks: Sequence[WordMark], length: int) -> list[tuple[int, int]]:
    """Samples of each token; tokens that espeak-ng speaks in one breath share their mark."""
    spans: list[tuple[int, int]] = []
    at = 0
    for token in tokens:
        inside = [m for m in marks if m.start_char < at + len(token) and m.end_char > at]
        starts = [_at(m, max(at, m.start_char)) for m in inside]
        ends = [_at(m, min(at + len(token), m.end_char)) for m in inside]
        last = spans[-1][1] if spans else 0
        spans.append((min(starts, default=last), max(ends, default=last)))
        at += len(token) + 1
    return [(min(start, length), min(end, length)) for start, end in spans]


def _at(mark: WordMark, char: int) -> int:
    """The sample at which a character of the marked text is spoken, by proportion."""
    share = (char - mark.start_char) / max(1, mark.end_char - mark.start_char)
    sample = mark.start_sample + share * (mark.end_sample - mark.start_sample)
    return round(sample * SAMPLE_RATE / RATE)


def _quietest(signal: Signal, around: int) -> int:
    starts = range(max(0, around - SEEK), min(len(signal) - STEP, around + SEEK), STEP)
    energies = {start: float(np.sum(signal[start : start + STEP] ** 2)) for start in starts}
    return min(energies, key=lambda start: energies[start], default=around)


def _sounding(piece: Signal) -> tuple[int, int]:
    """First and last sample of what is not silence."""
    steps = len(piece) // STEP
    power = np.mean(piece[: steps * STEP].reshape(steps, STEP) ** 2, axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (QUIET_DB / 10))
    return int(loud[0]) * STEP, (int(loud[-1]) + 1) * STEP


def _faded(piece: Signal) -> Signal:
    ramp = np.linspace(0, 1, min(FADE, len(piece) // 2))
    piece = piece.copy()
    piece[: len(ramp)] *= ramp
    piece[len(piece) - len(ramp) :] *= ramp[::-1]
    return piece


def _words(
    tokens: Sequence[str], spans: Sequence[tuple[int, int]], cut: tuple[int, int], at: int
) -> list[TrueWord]:
    """Words of one piece, whose samples `cut` now begin at `at`."""
    first, last = cut
    moved = [
        (min(max(start, first), last) - first + at, min(max(end, first), last) - first + at)
        for start, end in spans
    ]
    return [
        TrueWord(token, _ms(start), _ms(end))
        for token, (start, end) in zip(tokens, moved, strict=True)
    ]


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE


def voiced_onset_ms(signal: Signal) -> int:
    """Where the first voiced sound begins: loud enough, and repeating itself at 70 to 400 Hz.

    Normalised autocorrelation of 30 ms, as in Boersma (1993) without its window correction.
    """
    window, hop = SAMPLE_RATE * 30 // 1000, SAMPLE_RATE // 100
    loudest = max(np.sqrt(np.mean(signal[i : i + window] ** 2)) for i in range(0, len(signal), hop))
    for start in range(0, len(signal) - window, hop):
        frame = signal[start : start + window] - signal[start : start + window].mean()
        energy = float(np.dot(frame, frame))
        if np.sqrt(energy / window) < 0.1 * loudest:
            continue
        products = np.correlate(frame, frame, "full")[window - 1 :]
        if products[SAMPLE_RATE // 400 : SAMPLE_RATE // 70].max() > 0.4 * energy:
            return start * 1000 // SAMPLE_RATE
    return 0
