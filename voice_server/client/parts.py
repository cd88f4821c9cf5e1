"""What messages are made of: formats, words, entries of the conversation."""

from msgspec import Struct


class AudioSpec(Struct, frozen=True):
    """One direction of audio."""

    codec: str
    rate: int
    """Hertz."""
    channels: int = 1


class GrantedAudio(Struct, frozen=True):
    """Both directions, as granted."""

    framing: str
    input: AudioSpec
    output: AudioSpec


class ResumeOffer(Struct, frozen=True):
    """How to get the session back when the connection breaks."""

    token: str
    ttl_s: float = 0.0
    epoch: int = 1
    input_pos: int = 0
    """The next sample of the microphone that the server wants."""
    replay_from: int | None = None
    refused: str = ""
    """Why the session that was asked for did not come back."""

    def __repr__(self) -> str:
        return f"ResumeOffer(ttl_s={self.ttl_s!r}, epoch={self.epoch!r}, refused={self.refused!r})"


class Word(Struct, frozen=True):
    """One recognised word; milliseconds since the utterance began."""

    w: str
    start_ms: int
    end_ms: int
    p: float = 1.0


class Item(Struct, frozen=True, kw_only=True):
    """One entry of the conversation."""

    id: str
    kind: str
    status: str = "completed"
    role: str = ""
    text: str = ""
    call: str = ""
    name: str = ""
    args: str = ""
    output: str = ""

    def __repr__(self) -> str:
        return f"Item(id={self.id!r}, kind={self.kind!r}, status={self.status!r})"
