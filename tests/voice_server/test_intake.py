"""Nothing is refused; who is too fast waits exactly as long as the pace asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.formats import AudioFormat, Codec
from voice_server.events import (
    AudioMissed,
    AudioReceived,
    ClientEvent,
    FormatsChanged,
    Pinged,
    TextReceived,
)
from voice_server.intake import CONTROL_BURST_S, IntakeLimit, TokenBucket
from voice_server.settings import LimitSettings

pytestmark = pytest.mark.pure

PCM = AudioFormat(Codec.PCM_S16LE, 16_000)
LIMITS = LimitSettings(audio_burst_s=10, audio_rate_max=2, control_messages_per_s=5)
SECOND = AudioReceived(bytes(32_000))


@given(
    st.floats(0.1, 100),
    st.floats(0, 100),
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 10)), max_size=50),
)
def test_who_waits_as_told_never_exceeds_burst_and_rate(
    rate: float, burst: float, takes: list[tuple[float, float]]
) -> None:
    bucket = TokenBucket(rate, burst, 0.0)
    now = taken = 0.0
    for amount, pause in takes:
        now += pause
        now += bucket.take(amount, now)
        taken += amount
        assert taken <= burst + rate * now + 1e-6 * (1 + taken)


@given(st.lists(st.floats(0, 5), max_size=50))
def test_who_keeps_the_pace_never_waits(pauses: list[float]) -> None:
    bucket = TokenBucket(2.0, 1.0, 0.0)
    now = 0.0
    for pause in pauses:
        now += pause
        assert bucket.take(min(1.0, pause * 2), now) == pytest.approx(0, abs=1e-9)


def test_an_unused_bucket_does_not_overflow() -> None:
    bucket = TokenBucket(1.0, 10.0, 0.0)
    assert bucket.take(10, 1e6) == 0
    assert bucket.take(1, 1e6) == 1.0


def test_a_live_microphone_never_waits() -> None:
    intake = IntakeLimit(LIMITS, PCM, 0.0)
    assert {intake.take(SECOND, float(now)) for now in range(100)} == {("audio_rate", 0.0)}


def test_a_file_waits_once_the_burst_is_used_up() -> None:
    intake = IntakeLimit(LIMITS, PCM, 0.0)
    waits = [intake.take(SECOND, 0.0)[1] for _ in range(12)]
    assert waits == [0.0] * 10 + [0.5, 1.0]


def test_audio_counts_in_the_format_it_has_now() -> None:
    intake = IntakeLimit(LIMITS, PCM, 0.0)
    intake.reformat(FormatsChanged(AudioFormat(Codec.PCMU, 8_000)))
    intake.reformat(FormatsChanged(output_rate=16_000))
    second = AudioReceived(bytes(8_000))
    waits = [intake.take(second, 0.0)[1] for _ in range(12)]
    assert waits == [0.0] * 10 + [0.5, 1.0]


def test_missed_samples_count_like_received_ones() -> None:
    intake = IntakeLimit(LIMITS, PCM, 0.0)
    waits = [intake.take(AudioMissed(16_000, lost=True), 0.0)[1] for _ in range(12)]
    assert waits == [0.0] * 10 + [0.5, 1.0]


def test_a_long_gap_costs_as_much_as_the_silence_that_is_put_in_its_place() -> None:
    intake = IntakeLimit(LIMITS, PCM, 0.0)
    for _ in range(10):
        assert intake.take(AudioMissed(2**31 - 1, lost=True), 0.0) == ("audio_rate", 0.0)


@pytest.mark.parametrize("event", [Pinged(0.0), TextReceived("hi")], ids=["ping", "text"])
def test_messages_have_a_limit_of_their_own(event: ClientEvent) -> None:
    intake = IntakeLimit(LIMITS, PCM, 0.0)
    intake.take(AudioMissed(1 << 31, lost=False), 0.0)
    burst = int(5 * CONTROL_BURST_S)
    assert {intake.take(event, 0.0) for _ in range(burst)} == {("control_rate", 0.0)}
    assert intake.take(event, 0.0) == ("control_rate", 0.2)


def test_crumbs_of_audio_are_not_free() -> None:
    intake = IntakeLimit(LIMITS, PCM, 0.0)
    waits = [intake.take(AudioReceived(b""), 0.0)[1] for _ in range(10_000)]
    assert waits[4990] == 0
    assert waits[-1] == pytest.approx(5.0, rel=0.01)
