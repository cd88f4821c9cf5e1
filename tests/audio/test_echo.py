"""Our own voice through a room is an echo; a person who speaks, alone or over it, is not."""

import numpy as np
import pytest

from audio import FRAME_SAMPLES, SAMPLE_RATE, Samples
from audio.echo import BAND_EDGES_HZ, PLAYED_FRAMES, QUIET_DBFS, EchoEar, LevelTrack
from audio.levels import rms_dbfs
from audio.silero import SileroModel
from audio.vad import VoiceDetector
from tests.support.clips import load_clip

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def silero() -> SileroModel:
    return SileroModel()


def played() -> Samples:
    """Some five seconds of a reply."""
    return np.concatenate([load_clip(name) for name in ("question", "pause", "question", "stop")])


def room(signal: Samples, *, delay_ms: int, loss_db: float, seed: int = 0) -> Samples:
    """What a microphone hears of a loudspeaker: later, quieter, with reverberation and noise."""
    chance = np.random.default_rng(seed)
    tail = chance.standard_normal(4000) * np.exp(-np.arange(4000) / 800) * 0.15
    tail[0] = 1.0
    wet = np.convolve(signal.astype(float), tail)[: len(signal)] * 10 ** (-loss_db / 20)
    late = np.concatenate([np.zeros(delay_ms * SAMPLE_RATE // 1000), wet])[: len(signal)]
    return (late + chance.standard_normal(len(late)) * 30).clip(-32768, 32767).astype(np.int16)


def voice_left(microphone: Samples, reply: Samples, silero: SileroModel) -> list[bool]:
    """Frame by frame: is it voice, and not an echo of the reply?"""
    track, ear, detector = LevelTrack(SAMPLE_RATE), EchoEar(), VoiceDetector(silero)
    track.add(reply)
    left = []
    for start in range(0, len(microphone) - FRAME_SAMPLES, FRAME_SAMPLES):
        frame = microphone[start : start + FRAME_SAMPLES]
        ear.feed(frame)
        left.append(detector.feed(frame) and not ear.hears(track.before(start)))
    return left


def low_pass(samples: Samples, hertz: int) -> Samples:
    spectrum = np.fft.rfft(samples.astype(float))
    spectrum[hertz * len(samples) // SAMPLE_RATE :] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.int16)


def longest_run(flags: list[bool]) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize("loss_db", [6, 18, 30])
@pytest.mark.parametrize("delay_ms", [30, 120, 250])
def test_an_echo_is_no_voice_once_its_rhythm_is_known(
    silero: SileroModel, delay_ms: int, loss_db: float
) -> None:
    reply = played()
    microphone = room(reply, delay_ms=delay_ms, loss_db=loss_db)
    known_after = 150
    assert longest_run(voice_left(microphone, reply, silero)[known_after:]) < 10


@pytest.mark.parametrize("at_s", [1.5, 3.0])
def test_a_voice_without_any_echo_is_a_voice(silero: SileroModel, at_s: float) -> None:
    reply, speech = played(), load_clip("stop")
    microphone = np.random.default_rng(1).normal(0, 30, len(reply)).astype(np.int16)
    start = int(at_s * SAMPLE_RATE)
    microphone[start : start + len(speech)] += speech[: len(reply) - start]
    assert longest_run(voice_left(microphone, reply, silero)) > 20


def test_a_voice_over_an_echo_is_a_voice(silero: SileroModel) -> None:
    reply, speech = played(), load_clip("stop")
    mixed = room(reply, delay_ms=100, loss_db=20).astype(np.int32)
    start = 3 * SAMPLE_RATE
    mixed[start : start + len(speech)] += speech[: len(reply) - start]
    microphone = mixed.clip(-32768, 32767).astype(np.int16)
    left = voice_left(microphone, reply, silero)
    assert longest_run(left[:290]) < 10 <= longest_run(left[300:])


def test_a_voice_no_louder_than_the_echo_is_found_where_the_echo_is_not(
    silero: SileroModel,
) -> None:
    """A child, say, over a man's voice: the same level, but in other bands."""
    reply, speech = low_pass(played(), 1000), load_clip("stop")
    echo = room(reply, delay_ms=100, loss_db=6).astype(np.int32)
    start = 3 * SAMPLE_RATE
    high = speech - low_pass(speech, 1000).astype(np.int32)
    mixed = echo.copy()
    mixed[start : start + len(speech)] += high[: len(reply) - start]
    microphone = mixed.clip(-32768, 32767).astype(np.int16)
    alone = voice_left(echo.clip(-32768, 32767).astype(np.int16), reply, silero)
    assert rms_dbfs(high.astype(np.int16)) < rms_dbfs(echo.astype(np.int16))
    assert longest_run(alone[200:]) < 10 <= longest_run(voice_left(microphone, reply, silero)[300:])


def test_before_the_first_sample_there_was_silence() -> None:
    track = LevelTrack(8000)
    track.add(np.full(8000, 3000, np.int16))
    levels = track.before(800)
    assert levels.shape == (PLAYED_FRAMES, len(BAND_EDGES_HZ))
    assert (levels[:-10] == QUIET_DBFS).all()
    assert (levels[-10:, 0] > -25).all()


def test_silence_is_nobodys_echo() -> None:
    ear, track = EchoEar(), LevelTrack(SAMPLE_RATE)
    track.add(np.zeros(SAMPLE_RATE * 3, np.int16))
    for _ in range(200):
        ear.feed(np.zeros(FRAME_SAMPLES, np.int16))
    assert not ear.hears(track.before(SAMPLE_RATE * 2))
