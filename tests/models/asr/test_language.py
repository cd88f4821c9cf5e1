"""A conversation keeps its language until there is evidence for another one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.asr.language import EVIDENCE_MS_MIN, choose_language, needed_probability

pytestmark = pytest.mark.pure

TAGS = ("en", "de", "fr", "la")


@pytest.mark.parametrize(
    ("detected", "allowed", "usual", "speech_ms", "chosen"),
    [
        ([("la", 0.85), ("en", 0.1)], (), None, 900, "la"),
        ([("la", 0.85), ("en", 0.1)], (), "en", 900, "en"),
        ([("la", 0.85), ("en", 0.1)], ("en", "de"), None, 900, "en"),
        ([("la", 0.6), ("fr", 0.4)], ("en", "de"), "de", 3000, "de"),
        ([("la", 0.6), ("fr", 0.4)], ("en", "de"), None, 3000, "de"),
        ([("de", 0.7), ("en", 0.2)], ("en", "de"), "en", 5000, "de"),
        ([("de", 0.7), ("en", 0.2)], ("en", "de"), "en", 1500, "en"),
        ([("de", 0.99), ("en", 0.01)], (), "en", 1000, "de"),
        ([("de", 0.99), ("en", 0.01)], (), "en", 500, "en"),
        ([("de", 0.5), ("en", 0.5)], ("en", "de"), "fr", 500, "de"),
    ],
)
def test_the_language_of_an_utterance(
    detected: list[tuple[str, float]],
    allowed: tuple[str, ...],
    usual: str | None,
    speech_ms: int,
    chosen: str,
) -> None:
    assert choose_language(detected, allowed=allowed, usual=usual, speech_ms=speech_ms) == chosen


@given(
    st.permutations(TAGS),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.sets(st.sampled_from(TAGS), min_size=1),
    st.none() | st.sampled_from(TAGS),
    st.integers(0, 10_000),
)
@settings(max_examples=100)
def test_the_allowed_languages_are_never_left(
    tags: list[str],
    weights: list[float],
    allowed: set[str],
    usual: str | None,
    speech_ms: int,
) -> None:
    detected = sorted(zip(tags, weights, strict=True), key=lambda pair: -pair[1])
    found = choose_language(detected, allowed=allowed, usual=usual, speech_ms=speech_ms)
    assert found in allowed
    if speech_ms < EVIDENCE_MS_MIN and usual in allowed:
        assert found == usual


@given(st.integers(0, 20_000), st.integers(0, 20_000))
@settings(max_examples=100)
def test_more_speech_needs_less_certainty(one_ms: int, other_ms: int) -> None:
    less, more = sorted((one_ms, other_ms))
    assert needed_probability(less) >= needed_probability(more) > 0.5
