"""Audio formats by the protocol's names."""

import msgspec
import pytest

from audio.formats import AudioFormat, Codec
from voice_server.wires.realtime.formats import Format, Pcm, Pcma, Pcmu, audio_format, codec

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("json", "format", "expected"),
    [
        ({"type": "audio/pcm"}, Pcm(24_000), (Codec.PCM_S16LE, 24_000)),
        ({"type": "audio/pcm", "rate": 16_000}, Pcm(16_000), (Codec.PCM_S16LE, 16_000)),
        ({"type": "audio/pcmu"}, Pcmu(), (Codec.PCMU, 8_000)),
        ({"type": "audio/pcma"}, Pcma(), (Codec.PCMA, 8_000)),
    ],
)
def test_formats(json: dict[str, object], format: Format, expected: tuple[Codec, int]) -> None:
    assert msgspec.convert(json, Format) == format
    assert codec(format) == expected
    assert audio_format(format) == AudioFormat(*expected)


@pytest.mark.parametrize("rate", [7_999, 48_001, 24_000.5])
def test_other_rates_are_refused(rate: float) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "audio/pcm", "rate": rate}, Format)
