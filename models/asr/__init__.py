"""The recogniser Protocol: speech in while it is spoken, words out while it is spoken.

A `Recognizer` is one loaded model, shared by every conversation. A conversation opens one
`Utterance` per user turn, feeds it audio as it arrives, asks for a partial now and then, and asks
for the final once. All model work happens off the event loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from audio import Samples
from models.load import Load


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word. Times are milliseconds of audio since the utterance began."""

    text: str = field(repr=False)
    """As written, punctuation included, no surrounding space."""
    start_ms: int
    end_ms: int
    probability: float
    """0 to 1; engines that cannot tell say 1."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What an utterance says so far.

    `committed` only ever grows by appending, partial after partial; `volatile` may change with the
    next one. In a final everything is committed and `volatile` is empty.
    """

    committed: str = field(default="", repr=False)
    volatile: str = field(default="", repr=False)
    words: tuple[Word, ...] = field(default=(), repr=False)
    language: str = "en"
    """BCP 47 primary tag."""
    confidence: float = 1.0
    """0 to 1: geometric mean of word probabilities."""
    duration_ms: int = 0
    """Milliseconds of audio that were considered."""

    @property
    def text(self) -> str:
        """Committed and volatile words in one string."""
        return f"{self.committed} {self.volatile}".strip()


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """What one conversation asks of the recogniser."""

    language: str | None = None
    """BCP 47 primary tag, or None to let the model detect it."""
    prompt: str = field(default="", repr=False)
    """Text in the style and vocabulary to expect."""
    hot_words: Sequence[str] = field(default=(), repr=False)
    translate: bool = False
    """Write in English what is said in another language; only where the recogniser `translates`."""
    allowed_languages: tuple[str, ...] = ()
    """Where `language` is None: detection chooses among these; empty means any."""
    usual_language: str | None = None
    """Where `language` is None: what the conversation has been in, kept until there is evidence."""
    session: str = ""
    """Whose utterance it is: results are checked against it."""


class RecognitionError(Exception):
    """The engine could not transcribe; the message is a sentence fit to show a user."""


class Superseded(Exception):
    """A partial that had not started was replaced by a newer one, or dropped under load.

    Not a failure: the caller simply has nothing new to show.
    """


class Utterance(Protocol):
    """One stretch of speech, from pre-roll to the silence that ends it."""

    def feed(self, samples: Samples) -> None:
        """Append 16 kHz audio of any length. Only stores it: never blocks, never decodes."""
        ...

    async def partial(self) -> Transcript:
        """Transcribe what was fed so far. Raises `Superseded` or `RecognitionError`."""
        ...

    async def final(self) -> Transcript:
        """Transcribe everything fed so far, as well as the engine can. Raises `RecognitionError`.

        May be called again after more audio was fed (the speaker went on after all).
        """
        ...

    def close(self) -> None:
        """Drop the audio and any queued work. Safe to call twice, and while a call is running."""
        ...


class Recognizer(Protocol):
    """A loaded recognition model."""

    @property
    def name(self) -> str:
        """What the ready line and the page show, e.g. `faster-whisper:small`."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """BCP 47 primary tags of what it understands; empty: any."""
        ...

    @property
    def translates(self) -> bool:
        """Whether it can write in English what is said in another language."""
        ...

    @property
    def workload(self) -> Load:
        """How busy it is: how far apart partials should be, and whether newcomers are too many."""
        ...

    def utterance(self, options: RecognitionOptions) -> Utterance:
        """Begin an utterance. Cheap; raises nothing."""
        ...

    async def close(self) -> None:
        """Release the model. Utterances still open fail with `RecognitionError`."""
        ...
