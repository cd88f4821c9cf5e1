"""What is sent to a model worker and what comes back: plain values, fit to cross processes.

Every task is stamped with the session, the utterance and the revision it belongs to, and every
result carries its task's stamp, so that no mistake of a worker or a batch can put one person's
words into another's conversation.
"""

from dataclasses import dataclass, field

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionOptions, Word


@dataclass(frozen=True, slots=True)
class Stamp:
    """Whose audio it is, and which decode of it."""

    session: str = ""
    utterance: int = 0
    """No two open utterances have the same; 0 belongs to nobody."""
    revision: int = 0
    """Counts the decodes of one utterance."""


@dataclass(frozen=True, slots=True)
class Task:
    """Audio to decode, and how. `start_ms` is where it lies in its utterance."""

    samples: Samples = field(repr=False)
    start_ms: int
    options: RecognitionOptions
    beam_size: int = 1
    second_try: bool = False
    """Decode once more in the full window where the first result is doubtful."""
    stamp: Stamp = Stamp()

    @property
    def audio_ms(self) -> int:
        """How much audio that is."""
        return len(self.samples) * 1000 // SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Decoding:
    """What the model heard. Word times are milliseconds since the utterance began."""

    words: tuple[Word, ...] = field(default=(), repr=False)
    language: str = "en"
    log_probability: float = 0.0
    """Mean over tokens."""
    window_ms: int = 0
    """How much the encoder was shown, padding included; 0: it was not worth a look."""
    doubt: str | None = None
    """Why words were dropped, see `guards.Doubt`."""
    stamp: Stamp = Stamp()
