"""Who says what when: the same plan for the generator and for whoever judges."""

from itertools import pairwise

import numpy as np
import pytest

from voice_server.bench.load.orders import Order
from voice_server.bench.load.talk import ANSWER_S, packed, script, talk_frames, unpacked

pytestmark = pytest.mark.pure

CLIPS = (np.arange(1, 8_001, dtype=np.int16), np.full(4_000, -7, np.int16))


def order(**changes: object) -> Order:
    asked = {"talkers": 3, "sessions": 3, "warm_s": 0.0, "seconds": 12.0, "pause_s": 1.0}
    return Order(1, 1, clips=tuple(map(packed, CLIPS)), **{**asked, **changes})  # type: ignore[arg-type]


def test_clips_survive_the_way() -> None:
    assert [np.array_equal(unpacked(packed(clip)), clip) for clip in CLIPS] == [True, True]


def test_talkers_take_turns_with_the_clips_and_leave_pauses() -> None:
    lengths_s = [len(clip) / 16_000 for clip in CLIPS]
    for talker, lines in enumerate(script(order())):
        assert [said.clip for said in lines] == [(talker + n) % 2 for n in range(len(lines))]
        for one, other in pairwise(lines):
            assert 0.7 < other.begins_s - one.begins_s - lengths_s[one.clip] < 1.3
        assert lines[-1].begins_s + lengths_s[lines[-1].clip] + ANSWER_S <= 12


def test_the_same_order_says_the_same() -> None:
    assert script(order()) == script(order())
    assert script(order()) != script(order(seed=2))


def test_together_means_at_one_moment() -> None:
    assert {lines[0].begins_s for lines in script(order(arrivals="together"))} == {0.5}


def test_frames_hold_every_sample_at_its_time() -> None:
    lines = script(order(talkers=1))[0]
    frames = talk_frames(order(), lines)
    first = round(lines[0].begins_s / 0.02)
    assert min(frames) == first
    sound = np.concatenate([frames[first + n] for n in range(25)])
    assert np.array_equal(sound, CLIPS[0])
    assert {len(frame) for frame in frames.values()} == {320}
