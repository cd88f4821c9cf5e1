"""Labelled turns: the plan is a function of the seed, and the truth is true of the audio."""

from collections import Counter

import numpy as np
import pytest

from scripts.turn_clips.build import build
from scripts.turn_clips.plan import OVER_REPLY, TURNS, Recipe, recipes
from scripts.turn_clips.speech import speak, voiced_onset_ms

pytestmark = pytest.mark.engine


def recipe(name: str) -> Recipe:
    return next(recipe for recipe in recipes(1) if recipe.name == name)


def test_the_plan_is_the_seeds_alone() -> None:
    assert recipes(5) == recipes(5) != recipes(6)
    assert len({recipe.name for recipe in recipes(1)}) == sum(TURNS.values()) + sum(
        OVER_REPLY.values()
    )


def test_there_are_as_many_of_each_as_promised() -> None:
    counts = Counter(recipe.scene for recipe in recipes(1))
    promised = [*TURNS.items(), *OVER_REPLY.items()]
    assert sorted(counts.items()) == sorted((str(scene), count) for scene, count in promised)


def test_a_pause_is_where_and_as_long_as_it_says() -> None:
    spoken = speak("I would like to fly to | Barcelona.", "en-us", 1.0, [700])
    ((start_ms, end_ms),) = spoken.pauses
    assert end_ms - start_ms == pytest.approx(700, abs=1)
    assert not spoken.signal[start_ms * 16 + 32 : end_ms * 16 - 32].any()
    assert spoken.words[5].end_ms <= start_ms <= end_ms <= spoken.words[6].start_ms
    assert [word.text for word in spoken.words][-1] == "Barcelona."


def test_words_follow_each_other() -> None:
    _, clip = build(recipe("list-001"))
    edges = [ms for word in clip.words for ms in (word.start_ms, word.end_ms)]
    assert edges == sorted(edges)
    assert clip.onset_ms is not None and clip.end_ms is not None
    assert clip.words[0].start_ms <= clip.onset_ms < clip.words[0].end_ms
    assert edges[-1] <= clip.end_ms


def test_a_hissing_word_is_voiced_later_than_it_begins() -> None:
    assert voiced_onset_ms(speak("Stop.", "en-us", 1.0, []).signal) > 40
    assert voiced_onset_ms(speak("Owls.", "en-us", 1.0, []).signal) < 40


def test_a_telephone_clip_is_what_a_telephone_sends() -> None:
    names = [one.name for one in recipes(1) if one.condition == "telephone"]
    samples, clip = build(recipe(names[0]))
    assert (clip.format.codec, clip.format.rate) == ("pcmu", 8000)
    assert len(samples) * 1000 / 8000 > (clip.end_ms or 0)


@pytest.mark.parametrize("name", ["cough-000", "click-000", "noise-000", "music-000", "echo-000"])
def test_sounds_have_no_words(name: str) -> None:
    samples, clip = build(recipe(name))
    assert clip.words == ()
    assert clip.over_reply
    assert np.abs(samples).max() < 32767
