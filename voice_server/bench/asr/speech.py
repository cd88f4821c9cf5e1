"""What is said in the bench: sentences in espeak-ng's voice, and the truth about their words."""

from dataclasses import dataclass, field

import numpy as np

from audio import SAMPLE_RATE, Samples
from audio.resample import Resampler
from models.tts.espeak import speak_now
from voice_server.bench.word_error import words_of

ESPEAK_RATE = 22_050
AUDIBLE = 300
"""Sample value from which on speech counts as begun, and after which as ended."""

SENTENCES = (
    "Set an alarm for six o'clock.",
    "What's the temperature in Lisbon?",
    "Do I have any new messages?",
    "Where is the nearest library?",
    "Turn off the lamp in the kitchen, please.",
    "How is the weather in London tomorrow?",
    "Play some quiet music in the bedroom.",
    "The dog is asleep under the table.",
    "I would like to book a table for four people.",
    "She wrote a long letter to her brother.",
    "Bring me the blue folder from the second drawer.",
    "We walked along the river until the lights came on.",
    "My sister bought three apples and a loaf of bread.",
    "The train to the city leaves at half past nine.",
    "Call the doctor and ask for an appointment on Friday.",
    "There was nothing left in the kitchen but rice.",
)
"""The first eight are like what the bundled recogniser has learned, the others are not."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence as it sounds; times in seconds from its first sample."""

    text: str
    samples: Samples = field(repr=False)
    """Shape (n,), 16 kHz, without silence around it."""
    words: tuple[tuple[str, float], ...]
    """Each word, and when it has been spoken: espeak-ng's own events."""

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return len(self.samples) / SAMPLE_RATE


def spoken(text: str) -> Spoken:
    """Say it, from its first sound to its last."""
    raw, marks = speak_now(text)
    resampler = Resampler(ESPEAK_RATE, SAMPLE_RATE)
    sound = np.concatenate((resampler.feed(raw), resampler.flush()))
    audible = np.flatnonzero(np.abs(sound) > AUDIBLE)
    first, last = int(audible[0]), int(audible[-1]) + 1
    begin_s, length_s = first / SAMPLE_RATE, (last - first) / SAMPLE_RATE
    words = tuple(
        (word, min(length_s, mark.end_sample / ESPEAK_RATE - begin_s))
        for mark in marks
        for word in words_of(text[mark.start_char : mark.end_char])
    )
    return Spoken(text, sound[first:last], words)
