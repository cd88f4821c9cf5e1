"""Voice detection: real judges on labelled speech, in quiet and in noise, and on what is no voice.

The bounds are those of the design with room for one window of 32 ms; they count milliseconds of
audio, so they hold on any machine.
"""

import numpy as np
import pytest

from audio import FRAME_MS, SAMPLE_RATE, Samples
from audio.silero import SileroModel
from audio.vad import VoiceDetector, VoiceSettings
from scripts.turn_clips.sounds import telephone_band
from tests.support.clips import CLIP_NAMES, frames_of, load_clip, speech_span
from tests.support.signals import (
    clicks,
    cough,
    mains_hum,
    mix,
    pink_noise,
    scaled,
    tone,
    white_noise,
)

pytestmark = pytest.mark.engine

MODEL = SileroModel()

# Decibels the clip is raised by, from -26 dBFS; the noise; its level in dBFS.
SCENES = {
    "clean": (0.0, None),
    "loud": (10.0, white_noise(7000, -70)),
    "quiet": (-14.0, white_noise(7000, -70)),
    "white 20 dB": (0.0, white_noise(7000, -46)),
    "pink 20 dB": (0.0, pink_noise(7000, -46)),
    "pink 10 dB": (0.0, pink_noise(7000, -36)),
}

NO_VOICE = {
    "silence": np.zeros(32_000, dtype=np.int16),
    "faint white noise": white_noise(3000, -60),
    "white noise": white_noise(3000, -25),
    "pink noise": pink_noise(3000, -25),
    "loud pink noise": pink_noise(3000, -12),
    "hum": mains_hum(3000),
    "a whistle": tone(1000, 2000, dbfs=-14),
    "clicks": clicks(3000, every_ms=250),
    "a cough": cough(-12),
    "a quiet cough": cough(-25, seed=7),
}


def detect(samples: Samples, model: SileroModel | None = MODEL) -> list[bool]:
    detector = VoiceDetector(model)
    return [detector.feed(frame) for frame in frames_of(samples)]


def scene(name: str, clip: str) -> Samples:
    decibels, noise = SCENES[name]
    speech = scaled(load_clip(clip), decibels)
    return speech if noise is None else mix(speech, noise[: len(speech)])


@pytest.mark.parametrize("clip", CLIP_NAMES)
@pytest.mark.parametrize("name", SCENES)
def test_speech_is_found_soon_and_its_end_too(name: str, clip: str) -> None:
    voice = np.flatnonzero(detect(scene(name, clip)))
    span = speech_span(clip)
    onset_ms = (voice[0] + 1) * FRAME_MS - span.start_ms
    end_ms = (voice[-1] + 1) * FRAME_MS - span.end_ms
    assert 0 < onset_ms <= 150
    assert -80 <= end_ms <= 180


@pytest.mark.parametrize("name", ["clean", "loud", "white 20 dB"])
def test_a_syllable_is_one_stretch_of_voice(name: str) -> None:
    voice = np.flatnonzero(detect(scene(name, "no")))
    assert np.diff(voice).max() == 1


@pytest.mark.parametrize("name", SCENES)
def test_no_gap_inside_a_sentence_is_longer_than_a_stop_consonant(name: str) -> None:
    voice = np.flatnonzero(detect(scene(name, "question")))
    assert (np.diff(voice).max() - 1) * FRAME_MS <= 120


def test_a_pause_between_sentences_is_heard() -> None:
    voice = np.flatnonzero(detect(load_clip("pause")))
    assert np.diff(voice).max() * FRAME_MS >= 200


@pytest.mark.parametrize("name", NO_VOICE)
def test_what_is_no_voice_is_not_taken_for_one(name: str) -> None:
    assert not any(detect(NO_VOICE[name]))


def test_a_cough_before_the_words_does_not_hide_them() -> None:
    voice = np.flatnonzero(detect(np.concatenate((cough(-12), load_clip("no")))))
    assert 0 < (voice[0] + 1) * FRAME_MS - 1000 - speech_span("no").start_ms <= 150


@pytest.mark.parametrize("name", ["clean", "pink 20 dB"])
def test_the_second_utterance_is_found_as_soon_as_the_first(name: str) -> None:
    voice = np.array(detect(np.concatenate([scene(name, clip) for clip in CLIP_NAMES])))
    begin_ms = 0
    for clip in CLIP_NAMES:
        start_ms = begin_ms + speech_span(clip).start_ms
        before = voice[(start_ms - 200) // FRAME_MS : start_ms // FRAME_MS]
        after = voice[start_ms // FRAME_MS : start_ms // FRAME_MS + 15]
        assert not before.any()
        assert after.any()
        begin_ms += len(load_clip(clip)) * 1000 // SAMPLE_RATE


def test_the_probability_is_there_to_show() -> None:
    detector = VoiceDetector(MODEL)
    assert detector.probability == 0
    clip, span = load_clip("question"), speech_span("question")
    seen = []
    for frame in frames_of(clip):
        detector.feed(frame)
        seen.append(detector.probability)
    assert all(0 <= probability <= 1 for probability in seen)
    assert np.mean(seen[span.start_ms // FRAME_MS : span.end_ms // FRAME_MS]) > 0.8
    assert seen[-1] == 0


def test_silero_sleeps_while_the_gate_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = SileroModel()
    detector = VoiceDetector(model)
    for frame in frames_of(white_noise(1000, -70)):
        detector.feed(frame)

    def refuse(*_: object) -> None:
        raise AssertionError("Silero was asked about silence")

    monkeypatch.setattr(model, "run", refuse)
    for frame in frames_of(white_noise(1000, -70, seed=2)):
        assert not detector.feed(frame)


def test_a_stricter_threshold_hears_less() -> None:
    unsure = mix(load_clip("stop"), pink_noise(4000, -28)[: len(load_clip("stop"))])

    def voiced(settings: VoiceSettings) -> int:
        detector = VoiceDetector(MODEL, settings)
        return sum(detector.feed(frame) for frame in frames_of(unsure))

    strict = voiced(VoiceSettings(on_threshold=0.95, off_threshold=0.9))
    assert strict < voiced(VoiceSettings())


def test_without_a_model_the_gate_judges_alone() -> None:
    clip, span = load_clip("question"), speech_span("question")
    voice = np.flatnonzero(detect(clip, model=None))
    assert 0 < (voice[0] + 1) * FRAME_MS - span.start_ms <= 80
    assert abs((voice[-1] + 1) * FRAME_MS - span.end_ms) <= 250


def test_without_a_model_one_open_frame_is_not_voice() -> None:
    detector = VoiceDetector(None)
    speech = frames_of(load_clip("question"))[80:90]
    answers = [detector.feed(frame) for frame in speech]
    assert answers == [False, False] + [True] * 8


@pytest.mark.parametrize("name", CLIP_NAMES)
def test_a_telephone_is_heard_as_well_as_a_wide_microphone(name: str) -> None:
    band = telephone_band(load_clip(name) / 32768)
    narrow = np.clip(np.rint(band * 32767), -32768, 32767).astype(np.int16)
    span = speech_span(name)
    spoken = slice((span.start_ms + 130) // FRAME_MS, span.end_ms // FRAME_MS)
    heard = {}
    for hertz in (8000, 16_000):
        detector = VoiceDetector(MODEL, VoiceSettings.for_rate(hertz))
        heard[hertz] = sum([detector.feed(frame) for frame in frames_of(narrow)][spoken])
    assert heard[8000] >= heard[16_000]
    assert heard[8000] >= 0.6 * (spoken.stop - spoken.start)
