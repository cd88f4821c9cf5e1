"""Formats: what is accepted, and that bytes may be cut anywhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import Samples
from audio.formats import AudioFormat, Codec, Decoder, FormatError, encode
from tests.support.chunks import cut, cut_points

pytestmark = pytest.mark.pure

FORMATS = [AudioFormat(codec, 8000, channels) for codec in Codec for channels in (1, 2)]

sample_lists = st.lists(st.integers(-32768, 32767), max_size=100)


def int16(values: list[int]) -> Samples:
    return np.array(values, dtype=np.int16)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000])
def test_pcm_takes_the_usual_rates(rate: int) -> None:
    assert AudioFormat(Codec.PCM_S16LE, rate).duration_ms(rate * 2) == 1000


@pytest.mark.parametrize(
    ("codec", "rate", "channels", "says"),
    [
        (Codec.PCM_S16LE, 7999, 1, "7999 Hz is not accepted: use 8000 to 48000 Hz"),
        (Codec.PCM_S16LE, 96000, 1, "use 8000 to 48000 Hz"),
        (Codec.PCM_S16LE, 0, 1, "use 8000 to 48000 Hz"),
        (Codec.PCMU, 16000, 1, "pcmu at 16000 Hz is not accepted: G.711 is 8000 Hz"),
        (Codec.PCMA, 48000, 1, "pcma at 48000 Hz is not accepted: G.711 is 8000 Hz"),
        (Codec.PCM_S16LE, 16000, 0, "0 channels are not accepted: use 1, or 2"),
        (Codec.PCM_S16LE, 16000, 3, "3 channels are not accepted: use 1, or 2"),
    ],
)
def test_a_refusal_says_what_is_accepted(codec: Codec, rate: int, channels: int, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        AudioFormat(codec, rate, channels)


def test_an_unknown_codec_is_refused_with_the_known_ones() -> None:
    with pytest.raises(FormatError, match=r"'mp3'\. Accepted: pcm_s16le, pcmu, pcma"):
        Codec("mp3")


@pytest.mark.parametrize(
    ("format", "frame_bytes", "second_bytes"),
    [
        (AudioFormat(Codec.PCM_S16LE, 16000), 2, 32000),
        (AudioFormat(Codec.PCM_S16LE, 48000, channels=2), 4, 192000),
        (AudioFormat(Codec.PCMU, 8000), 1, 8000),
        (AudioFormat(Codec.PCMA, 8000, channels=2), 2, 16000),
    ],
)
def test_sizes_and_durations(format: AudioFormat, frame_bytes: int, second_bytes: int) -> None:
    assert format.frame_bytes == frame_bytes
    assert format.duration_ms(second_bytes) == 1000
    assert format.duration_ms(second_bytes // 50) == 20


def test_pcm_bytes_are_little_endian() -> None:
    decoder = Decoder(AudioFormat(Codec.PCM_S16LE, 16000))
    assert decoder.feed(b"\x01\x00\xff\xff\x00\x80\xff\x7f").tolist() == [1, -1, -32768, 32767]


@pytest.mark.parametrize(
    ("codec", "data", "expected"),
    [
        # ITU-T G.711 tables: silence and the largest value of either sign, on a 16-bit scale.
        (Codec.PCMU, b"\xff\x7f\x00\x80", [0, 0, -32124, 32124]),
        (Codec.PCMA, b"\xd5\x55\x2a\xaa", [8, -8, -32256, 32256]),
    ],
)
def test_g711_matches_the_standard(codec: Codec, data: bytes, expected: list[int]) -> None:
    assert Decoder(AudioFormat(codec, 8000)).feed(data).tolist() == expected


def test_stereo_at_full_scale_does_not_overflow() -> None:
    decoder = Decoder(AudioFormat(Codec.PCM_S16LE, 48000, channels=2))
    stereo = int16([32767, 32767, -32768, -32768, 32767, -32768, 1000, 3000])
    assert decoder.feed(stereo.tobytes()).tolist() == [32767, -32768, -1, 2000]


def test_half_a_stereo_pair_waits_for_the_rest() -> None:
    decoder = Decoder(AudioFormat(Codec.PCM_S16LE, 48000, channels=2))
    assert decoder.feed(b"\x0a\x00\x14").tolist() == []
    assert decoder.pending == 3
    assert decoder.feed(b"\x00\x07").tolist() == [15]
    assert decoder.pending == 1


@pytest.mark.parametrize("format", FORMATS, ids=str)
@given(data=st.binary(max_size=200), points=cut_points(200))
def test_where_bytes_are_cut_does_not_matter(
    format: AudioFormat, data: bytes, points: list[int]
) -> None:
    whole = Decoder(format).feed(data)
    decoder = Decoder(format)
    pieces = [decoder.feed(piece) for piece in cut(data, points)]
    assert np.concatenate(pieces).tolist() == whole.tolist()
    assert decoder.pending == len(data) % format.frame_bytes


@given(sample_lists)
def test_pcm_comes_back_exactly(values: list[int]) -> None:
    data = encode(int16(values), Codec.PCM_S16LE)
    assert Decoder(AudioFormat(Codec.PCM_S16LE, 16000)).feed(data).tolist() == values


@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.PCMA])
def test_g711_brings_every_sample_back_within_its_quantisation(codec: Codec) -> None:
    every = np.arange(-32768, 32768).astype(np.int16)
    decoded = Decoder(AudioFormat(codec, 8000)).feed(encode(every, codec))
    error = np.abs(decoded.astype(np.int32) - every)
    # Sixteen steps per octave, so half a step is 1/32; near zero the steps stay 8 or 16 wide.
    assert (error <= np.abs(every.astype(np.int32)) / 32 + 16).all()


@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.PCMA])
def test_what_g711_can_say_survives_another_round(codec: Codec) -> None:
    once = Decoder(AudioFormat(codec, 8000)).feed(bytes(range(256)))
    again = Decoder(AudioFormat(codec, 8000)).feed(encode(once, codec))
    assert again.tolist() == once.tolist()


def test_samples_that_are_a_view_encode_like_a_copy() -> None:
    every_second = np.arange(20, dtype=np.int16)[::2]
    for codec in Codec:
        assert encode(every_second, codec) == encode(every_second.copy(), codec)
