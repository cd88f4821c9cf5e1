"""The telephone bench counts lateness from the earliest frame, and measures real calls."""

import pytest

from voice_server.bench.phone import lateness_ms, measure

pytestmark = pytest.mark.socket

SCRIPTED = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted", "--offline")


def test_a_constant_delay_is_none_and_a_late_frame_is_late() -> None:
    on_time = [100 + n * 0.02 for n in range(5)]
    assert lateness_ms(on_time) == pytest.approx([0] * 5, abs=1e-6)
    on_time[3] += 0.007
    assert lateness_ms(on_time) == pytest.approx([0, 0, 0, 7, 0], abs=1e-6)


def test_frames_come_all_the_time() -> None:
    calls, late, later = measure(SCRIPTED, callers=2, seconds=2.0)
    assert calls.startswith("2 calls, ")
    assert int(calls.split()[2]) >= 2 * 30
    assert "p99" in late
    assert later.startswith("later than 20 ms: ")
