"""Turn-taking, in milliseconds of microphone audio."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from voice_server.settings.section import Section


def _pronounceable(phrase: str) -> str:
    if sum(char.isalnum() for char in phrase) < WAKE_LETTERS_MIN:
        raise ValueError(f"a wake phrase has at least {WAKE_LETTERS_MIN} letters")
    return phrase


WAKE_LETTERS_MIN = 3
WakePhrase = Annotated[str, Field(max_length=64), AfterValidator(_pronounceable)]


class TurnSettings(Section):
    """Whose turn it is, in milliseconds of microphone audio."""

    mode: Literal["vad", "manual"] = "vad"
    """`manual`: turns end at `audio.commit` only."""
    onset_ms: Annotated[int, Field(ge=10, le=1000)] = 60
    """Voice needed before an utterance begins."""
    endpoint: Literal["adaptive", "fixed"] = "adaptive"
    """`adaptive`: the words decide how much silence ends a turn; `fixed`: `silence_ms`, always."""
    eagerness: Literal["low", "auto", "high"] = "auto"
    """How soon an adaptive end of turn is believed."""
    silence_ms: Annotated[int, Field(ge=100, le=5000)] = 500
    """Silence that ends a turn whose words read neither complete nor unfinished."""
    silence_ms_min: Annotated[int, Field(ge=100, le=5000)] = 200
    """Silence that ends a turn whose words read complete."""
    silence_ms_max: Annotated[int, Field(ge=100, le=10_000)] = 1500
    """Silence that ends any turn."""
    soft_silence_ms: Annotated[int, Field(ge=20, le=5000)] = 50
    """Silence at which the final decode begins, in the hope that the turn has ended."""
    speculate: bool = True
    """Begin the reply before the turn has ended, and hold it until then."""
    speculation_lead_ms: Annotated[int, Field(ge=0, le=10_000)] = 700
    """Begin it no earlier than this before the end: what a reply takes until it can be heard."""
    speculations_max: Annotated[int, Field(ge=0, le=20)] = 3
    """Replies begun in vain per turn; then the end is waited for."""
    speech_ms_min: Annotated[int, Field(ge=0, le=2000)] = 100
    """Utterances with less voice than this are dropped as clicks."""
    interrupt: Literal["confirm", "instant", "off"] = "confirm"
    """Voice over a reply pauses it until words or length confirm, stops it at once, or does not."""
    interrupt_onset_ms: Annotated[int, Field(ge=10, le=1000)] = 30
    """Voice over a reply needed before it is paused."""
    interrupt_words_ms: Annotated[int, Field(ge=10, le=5000)] = 200
    """Voice that, with a word that is no backchannel, takes the floor."""
    interrupt_ms: Annotated[int, Field(ge=10, le=10_000)] = 600
    """Voice that takes the floor without words."""
    interrupt_resume_ms: Annotated[int, Field(ge=100, le=10_000)] = 1000
    """Silence after which a reply goes on that nothing has confirmed to be interrupted."""
    interrupt_warm_up_ms: Annotated[int, Field(ge=0, le=5000)] = 0
    """Voice cannot interrupt so soon after a reply began to sound (echo cancellers settling)."""
    pre_roll_ms: Annotated[int, Field(ge=0, le=2000)] = 500
    """Audio from before the onset that belongs to the utterance."""
    utterance_ms_max: Annotated[int, Field(ge=1000, le=300_000)] = 30_000
    """A turn is cut here even without silence, or shortly before between two words."""
    stall_ms: Annotated[int, Field(ge=100, le=60_000)] = 2000
    """A microphone that sends nothing for so long in the middle of a turn has fallen silent."""
    user_idle_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    """Silence on both sides after which a `user_idle` notice is sent, once; 0 never."""
    wake_phrases: Annotated[tuple[WakePhrase, ...], Field(max_length=16)] = ()
    """Only what begins with one of these is answered, e.g. `["hey computer"]`; none: everything."""
    wake_open_ms: Annotated[int, Field(ge=1000, le=600_000)] = 8000
    """So long after a wake phrase, and after each answer, no phrase is needed."""
    wake_captions: bool = False
    """Send the device the words of speech without a wake phrase, too, for its screen."""
    half_duplex: Literal["off", "auto", "on"] = "off"
    """Ignore the microphone while a reply sounds; `auto`: if the client cannot cancel echoes."""
    half_duplex_tail_ms: Annotated[int, Field(ge=0, le=5000)] = 300
    """How long the echo of a reply lasts in the room."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order = self.silence_ms_min <= self.silence_ms <= self.silence_ms_max
        if self.endpoint == "adaptive" and not in_order:
            raise ValueError("silence_ms must lie between silence_ms_min and silence_ms_max")
        if self.interrupt_words_ms > self.interrupt_ms:
            raise ValueError("interrupt_words_ms must not exceed interrupt_ms")
        return self
