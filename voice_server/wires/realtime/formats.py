"""Audio formats as the protocol names them: `audio/pcm` at 24 kHz, `audio/pcmu`, `audio/pcma`.

OpenAI's PCM has one rate. A raw client may ask for another from 8 to 48 kHz; nobody else ever sees
one, because strict clients know 24000 only. Pure.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from audio.formats import AudioFormat, Codec

RATE = 24_000
"""Hertz of PCM that nobody asked to be otherwise."""

G711_RATE = 8_000


class Pcm(Struct, frozen=True, tag="audio/pcm", tag_field="type"):
    """Signed 16-bit samples, little endian, mono."""

    rate: Annotated[int, Meta(ge=8_000, le=48_000)] = RATE


class Pcmu(Struct, frozen=True, tag="audio/pcmu", tag_field="type"):
    """G.711 µ-law at 8 kHz."""


class Pcma(Struct, frozen=True, tag="audio/pcma", tag_field="type"):
    """G.711 A-law at 8 kHz."""


Format = Pcm | Pcmu | Pcma

BetaName = Literal["pcm16", "g711_ulaw", "g711_alaw"]


def codec(format: Format) -> tuple[Codec, int]:
    """The codec and its rate in hertz."""
    match format:
        case Pcm(rate=rate):
            return Codec.PCM_S16LE, rate
        case Pcmu():
            return Codec.PCMU, G711_RATE
        case Pcma():
            return Codec.PCMA, G711_RATE


def audio_format(format: Format) -> AudioFormat:
    """What the bytes of the microphone mean."""
    return AudioFormat(*codec(format))
