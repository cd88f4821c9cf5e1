"""Silero: the real network knows speech from noise, and streaming changes nothing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from audio import Samples
from audio.silero import WINDOW_SAMPLES, SileroModel, SileroStream
from tests.support.chunks import cut, cut_points
from tests.support.clips import frames_of, load_clip, speech_span
from tests.support.signals import pink_noise

pytestmark = pytest.mark.engine

MODEL = SileroModel()


def probabilities(stream: SileroStream, samples: Samples) -> list[float]:
    answers = [stream.feed(frame) for frame in frames_of(samples)]
    return [answer for answer in answers if answer is not None]


def test_speech_is_probable_and_silence_is_not() -> None:
    clip, span = load_clip("question"), speech_span("question")
    stream = SileroStream(MODEL)
    before = probabilities(stream, clip[: span.start_ms * 16])
    during = probabilities(stream, clip[span.start_ms * 16 : span.end_ms * 16])
    assert max(before) < 0.1
    assert np.mean(during) > 0.9


def test_noise_is_improbable() -> None:
    assert max(probabilities(SileroStream(MODEL), pink_noise(2000, -25))) < 0.3


def test_one_probability_per_window() -> None:
    samples = load_clip("no")
    assert len(probabilities(SileroStream(MODEL), samples)) == len(samples) // WINDOW_SAMPLES


@settings(max_examples=20)
@given(points=cut_points(6000))
def test_where_samples_are_cut_does_not_matter(points: list[int]) -> None:
    speech = load_clip("stop")[9600 : 9600 + 6000]
    stream = SileroStream(MODEL)
    answers = [stream.feed(piece) for piece in cut(speech, points)]
    newest = [answer for answer in answers if answer is not None][-1]
    assert newest == pytest.approx(SileroStream(MODEL).feed(speech), abs=1e-4)


def test_a_reset_stream_is_a_new_stream() -> None:
    used = SileroStream(MODEL)
    probabilities(used, load_clip("question"))
    used.reset()
    again = probabilities(used, load_clip("no"))
    assert again == probabilities(SileroStream(MODEL), load_clip("no"))


def test_streams_share_a_model_without_meeting() -> None:
    clip = load_clip("no")
    left, right = SileroStream(MODEL), SileroStream(MODEL)
    noise = pink_noise(len(clip) // 16, -25)
    mixed = []
    for voice_frame, noise_frame in zip(frames_of(clip), frames_of(noise), strict=False):
        right.feed(noise_frame)
        mixed.append(left.feed(voice_frame))
    alone = probabilities(SileroStream(MODEL), clip)
    assert [answer for answer in mixed if answer is not None] == alone


def test_a_missing_model_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.onnx"):
        SileroModel(tmp_path / "nowhere.onnx")


def test_loading_it_does_not_load_faster_whisper() -> None:
    code = (
        "import sys; from audio.silero import SileroModel; SileroModel(); "
        "sys.exit('faster_whisper' in sys.modules or 'ctranslate2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
