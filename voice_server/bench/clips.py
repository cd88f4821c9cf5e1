"""Labelled clips: a few seconds of microphone each, and what is true about them.

`scripts/make_turn_clips` writes a folder of them: one WAV file per clip and `clips.json` with the
truth. A clip holds at most one user turn. All times are milliseconds since the clip's beginning.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import soundfile

from audio import Samples
from audio.formats import AudioFormat

INDEX = "clips.json"

Kind = Literal[
    "turn",
    "backchannel",
    "cough",
    "click",
    "noise",
    "music",
    "echo",
    "interruption",
    "command",
]

TAKES_FLOOR: frozenset[Kind] = frozenset({"interruption", "command"})
"""Over a reply: what has to end it. Every other kind must leave it alone."""

PausePlace = Literal["clause", "phrase", "number", "filler", "list", "spelling"]


class ClipsError(Exception):
    """The clips cannot be read; the message says how to make them."""


@dataclass(frozen=True, slots=True)
class TrueWord:
    """One word that is spoken."""

    text: str = field(repr=False)
    """As written, punctuation included."""
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class TruePause:
    """A silence within the turn, made on purpose."""

    start_ms: int
    end_ms: int
    place: PausePlace


@dataclass(frozen=True, slots=True)
class Room:
    """How the loudspeaker gets back into the microphone."""

    gain_db: float
    """Level of the echo against what is played."""
    delay_ms: int
    """Of the direct sound, buffers included."""
    decay_ms: int
    """Until the reflections are 60 dB down."""
    seed: int


@dataclass(frozen=True, slots=True)
class Clip:
    """The truth about one clip."""

    name: str
    """Of the WAV file, without `.wav`."""
    kind: Kind
    scene: str
    """Finer than the kind, e.g. what sort of pause."""
    condition: str
    """`clean`, `noise`, `music`, `talker`, `telephone` or `echo`."""
    format: AudioFormat
    """What the microphone sends."""
    over_reply: bool
    """The assistant is speaking meanwhile."""
    words: tuple[TrueWord, ...] = field(default=(), repr=False)
    onset_ms: int | None = None
    """Where the first voiced sound begins, or the first sound of a noise."""
    end_ms: int | None = None
    """Where the user's last sound ends."""
    pauses: tuple[TruePause, ...] = ()
    room: Room | None = None

    @property
    def text(self) -> str:
        """Everything that is said."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class ClipSet:
    """A folder of clips."""

    seed: int
    clips: tuple[Clip, ...]
    folder: Path | None = None

    def samples(self, clip: Clip) -> Samples:
        """The clip's audio at its format's rate, shape (n,)."""
        assert self.folder is not None
        samples, _ = soundfile.read(self.folder / f"{clip.name}.wav", dtype="int16")
        return np.asarray(samples, dtype=np.int16)


def load_clips(folder: Path) -> ClipSet:
    """Read the index of a folder. Raises `ClipsError`."""
    try:
        data = (folder / INDEX).read_bytes()
        found = msgspec.json.decode(data, type=ClipSet)
    except OSError:
        raise ClipsError(
            f"{folder}: no clips here; make them with scripts/make_turn_clips"
        ) from None
    except msgspec.DecodeError as error:
        raise ClipsError(
            f"{folder / INDEX}: {error}; make the clips anew with scripts/make_turn_clips"
        ) from None
    return ClipSet(found.seed, found.clips, folder)


def write_index(clips: ClipSet, folder: Path) -> None:
    """Write the truth beside the WAV files."""
    plain = ClipSet(clips.seed, clips.clips)
    (folder / INDEX).write_bytes(msgspec.json.format(msgspec.json.encode(plain), indent=1))
