"""Windows that CTranslate2 understands, and loops that are noticed."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.asr import Word
from models.asr.whisper_window import (
    FULL_FRAMES,
    WindowKind,
    WindowPolicy,
    is_doubtful,
    tokens_max,
    without_loop,
)

pytestmark = pytest.mark.pure


def words(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, n, n + 1, 1.0) for n, word in enumerate(text.split()))


def text(said: tuple[Word, ...]) -> str:
    return " ".join(word.text for word in said)


@given(st.sampled_from(get_args(WindowKind)), st.integers(0, 2700), st.sampled_from([80, 128]))
@settings(max_examples=200)
def test_the_window_holds_the_audio_and_is_never_taken_for_encoder_output(
    kind: WindowKind, audio_frames: int, n_mels: int
) -> None:
    frames = WindowPolicy(kind).frames(audio_frames, n_mels)
    assert audio_frames <= frames <= FULL_FRAMES
    assert frames != 2 * n_mels


@pytest.mark.parametrize(("audio_frames", "n_mels"), [(144, 80), (240, 128)])
def test_the_forbidden_sizes_would_have_been_chosen(audio_frames: int, n_mels: int) -> None:
    other = 80 + 128 - n_mels
    assert WindowPolicy("short").frames(audio_frames, other) == 2 * n_mels
    assert WindowPolicy("short").frames(audio_frames, n_mels) == 2 * n_mels + 32


def test_a_margin_window_is_at_least_four_seconds() -> None:
    policy = WindowPolicy("margin", margin_ms=2560)
    assert policy.frames(50, 80) >= 400
    assert policy.frames(300, 80) == 576
    assert policy.frames(policy.audio_ms_max // 10, 80) <= FULL_FRAMES


def test_tokens_grow_with_the_audio() -> None:
    assert tokens_max(0) == 16
    assert tokens_max(3000) == 64


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("no no no no", "no no no no"),
        ("oh No no, no. no! no", "oh No"),
        ("go on " * 5, "go on"),
        ("well " + "thank you very much " * 7, "well thank you very much"),
        ("", ""),
    ],
)
def test_a_loop_is_cut_after_its_first_round(said: str, kept: str) -> None:
    assert text(without_loop(words(said))) == kept


def test_doubtful_are_loops_and_guesses() -> None:
    assert not is_doubtful(words("turn on the light"), -0.3)
    assert is_doubtful(words("turn on the light"), -1.1)
    assert is_doubtful(words("la " * 5), -0.1)
    assert is_doubtful(words("one two three four five six seven eight nine " * 4), -0.1)
