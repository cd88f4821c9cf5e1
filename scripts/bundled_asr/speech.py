"""How it sounds: espeak-ng through ctypes, with the times of every word and phoneme.

The library and its data come in the `espeakng-loader` wheel. Synthesis is synchronous: the call
returns when the callback has seen the last chunk. The library keeps one voice for the whole
process, so a process speaks with one `Espeak`. Structures and constants: espeak-ng's
`speak_lib.h`.
"""

import ctypes
import random
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

import espeakng_loader
import numpy as np
import soxr
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
SYNCHRONOUS = 2
PHONEME_EVENTS = 1
POSITION_IN_CHARACTERS = 1
CHARS_UTF8 = 1
EVENT_END, EVENT_WORD, EVENT_PHONEME = 0, 1, 7
RATE_WPM, PITCH, PITCH_RANGE = 1, 3, 4
DEFAULT_SETTINGS = {RATE_WPM: 175, PITCH: 50, PITCH_RANGE: 50}

DEFAULT_VOICE = "en-us"
ACCENTS = {"en-us": 6, "gmw/en": 3, "en-gb-x-rp": 1, "en-gb-scotland": 1, "en-029": 1}
VARIANTS = "m1 m2 m3 m5 m6 m7 m8 f1 f2 f3 f5 klatt klatt2 Andy Annie belinda edward linda"
PLAIN_SHARE = 0.4


class EventId(ctypes.Union):
    """What an event is about; phoneme events carry up to eight bytes of name."""

    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class Event(ctypes.Structure):
    """`espeak_EVENT`."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", EventId),
    )


CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


@dataclass(frozen=True, slots=True)
class Span:
    """A word or a phoneme, and when it is spoken."""

    name: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """One spoken sentence: float32 samples at 16 kHz, its words and its phonemes."""

    text: str
    audio: NDArray[np.float32]
    words: list[Span]
    phonemes: list[Span]


class Espeak:
    """The process's one synthesiser."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self._rate = self._library.espeak_Initialize(SYNCHRONOUS, 200, data, PHONEME_EVENTS)
        if self._rate <= 0:
            raise RuntimeError("espeak-ng found no data; reinstall the espeakng-loader package")
        self._callback = CALLBACK(self._collect)  # kept alive as long as the library may call it
        self._library.espeak_SetSynthCallback(self._callback)
        self._chunks: list[NDArray[np.int16]] = []
        self._word_starts: list[tuple[int, int]] = []
        self._phoneme_starts: list[tuple[str, int]] = []

    def use(self, voice: str, settings: dict[int, int] = DEFAULT_SETTINGS) -> None:
        """Speak with this voice from now on. Raises ValueError if espeak-ng lacks it."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice named {voice!r}")
        for parameter, value in settings.items():
            self._library.espeak_SetParameter(parameter, value, 0)

    def say(self, text: str) -> Utterance:
        """Speak one sentence."""
        self._chunks, self._word_starts, self._phoneme_starts = [], [], []
        raw = text.encode()
        self._library.espeak_Synth(
            raw, len(raw) + 1, 0, POSITION_IN_CHARACTERS, 0, CHARS_UTF8, None, None
        )
        self._library.espeak_Synchronize()
        pcm = np.concatenate([np.zeros(0, np.int16), *self._chunks])
        phonemes = self._phonemes(end_ms=len(pcm) * 1000 // self._rate)
        audio = soxr.resample(pcm.astype(np.float32) / 32768, self._rate, SAMPLE_RATE)
        return Utterance(text, audio, word_spans(text, self._word_starts, phonemes), phonemes)

    def _collect(self, samples: object, count: int, events: object) -> int:
        if samples and count:
            self._chunks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        index = 0
        while (event := events[index]).type != EVENT_END:
            if event.type == EVENT_WORD:
                self._word_starts.append((event.text_position - 1, event.audio_position))
            elif event.type == EVENT_PHONEME:
                name = event.id.string.decode("utf-8", "replace").strip("'%,=|~")
                self._phoneme_starts.append((name, event.audio_position))
            index += 1
        return 0

    def _phonemes(self, end_ms: int) -> list[Span]:
        """Each phoneme lasts until the next begins; names with an underscore are pauses."""
        marks = [*self._phoneme_starts, ("_", end_ms)]
        spans = (Span(name, start, end) for (name, start), (_, end) in pairwise(marks))
        return [span for span in spans if span.name and not span.name.startswith("_")]


def word_spans(text: str, starts: list[tuple[int, int]], phonemes: list[Span]) -> list[Span]:
    """When each word of `text` is spoken.

    `starts` holds (character, ms) pairs. Words that espeak-ng joins into one ("out of") share an
    event; they divide its time evenly. A word ends with its last phoneme, so pauses belong to none.
    """
    words = text.split()
    firsts = np.cumsum([0, *(len(word) + 1 for word in words)])
    times = {0: 0, len(words): phonemes[-1].end_ms if phonemes else 0}
    for position, ms in starts:
        times.setdefault(bisect_right(firsts, position) - 1, ms)
    known = sorted(times)
    begins = np.interp(range(len(words) + 1), known, [times[index] for index in known])
    return [
        Span(word, int(start), last_sound_ms(int(start), int(end), phonemes))
        for word, (start, end) in zip(words, pairwise(begins), strict=True)
    ]


def last_sound_ms(start_ms: int, end_ms: int, phonemes: list[Span]) -> int:
    """When the last phoneme between two times ends, at the earliest 20 ms after the first."""
    ends = [p.end_ms for p in phonemes if start_ms <= p.start_ms < end_ms]
    return max(min([end_ms, *ends[-1:]]), start_ms + 20)


def pick_voice(rng: random.Random) -> tuple[str, dict[int, int]]:
    """A voice and its settings: often the plain default, else any accent, variant, speed, pitch."""
    if rng.random() < PLAIN_SHARE:
        return DEFAULT_VOICE, DEFAULT_SETTINGS
    [accent] = rng.choices(list(ACCENTS), list(ACCENTS.values()))
    variant = rng.choice(["", *(f"+{name}" for name in VARIANTS.split())])
    settings = {
        RATE_WPM: round(min(260, max(110, rng.gauss(175, 32)))),
        PITCH: rng.randint(25, 80),
        PITCH_RANGE: rng.randint(25, 80),
    }
    return accent + variant, settings
