"""When an answer that was talked over stopped, as seen by the client."""

import pytest

from scripts.bench_peers.interruptions import Interruption, interruption, interruptions
from voice_server.bench.load.orders import Block, Order, Session

pytestmark = pytest.mark.pure


def session(audio: list[float], texts: list[tuple[float, str]]) -> Session:
    return Session(1.0, [(at, 640) for at in audio], texts, 0.0)


def test_the_first_word_of_the_server_after_the_onset_counts() -> None:
    heard = session(
        [9.0, 10.0, 10.3, 11.6],
        [
            (9.9, '{"type":"playback.stop"}'),
            (10.1, '{"type":"playback.pause"}'),
            (10.35, '{"type":"playback.stop"}'),
        ],
    )
    told = interruption(heard, onset_s=10.0, new_s=11.5)
    times = (told.paused_ms, told.stopped_ms, told.last_audio_ms)
    assert times == pytest.approx((100, 350, 300))


def test_pipecats_clear_is_pause_and_stop_at_once() -> None:
    told = interruption(session([9.0], [(10.4, '{"type": "clear"}')]), onset_s=10.0, new_s=11.5)
    assert told.paused_ms == told.stopped_ms == pytest.approx(400)
    assert told.last_audio_ms == pytest.approx(-1000)


def test_who_is_never_told_never_stops() -> None:
    assert interruption(session([], []), 10.0, 11.5) == Interruption(None, None, None)


def test_only_sentences_that_meet_an_answer_count() -> None:
    order = Order(1, 1, talkers=1, every_s=5.0, warm_s=0.0, seconds=15.0)
    heard = session([2.0, 3.0], [(5.8, '"clear"')])
    block = Block(order, 15.0, 1.0, 0, 0, 0.0, None, None, 1.5, 0, [heard])
    found = interruptions(block, begins_s=0.5, answer_s_min=0.18)
    assert [one.stopped_ms for one in found] == pytest.approx([300])
