"""Nothing is refused; who is too fast waits exactly as long as the pace asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.formats import AudioFormat, Codec
from voice_server.closes import ErrorCode
from voice_server.events import (
    AudioMissed,
    AudioReceived,
    ClientEvent,
    FormatsChanged,
    Pinged,
    ReplyCancelled,
    TextReceived,
)
from voice_server.intake import CONTROL_BURST_S, IntakeLimit, TokenBucket, TooMuch
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


def test_stops_of_replies_have_a_limit_of_their_own() -> None:
    """S-15, with the default of five per second."""
    intake = IntakeLimit(LimitSettings(), PCM, 0.0)
    burst = int(5 * CONTROL_BURST_S)
    assert {intake.take(ReplyCancelled(), 0.0)[1] for _ in range(burst)} == {0.0}
    assert intake.take(ReplyCancelled(), 0.0) == ("cancel_rate", 0.2)
    assert intake.take(Pinged(0.0), 0.0) == ("control_rate", 0.0)


@pytest.mark.parametrize("event", [Pinged(0.0), ReplyCancelled()], ids=["ping", "cancel"])
def test_a_flood_ends_after_as_long_as_it_was_made_to_wait(event: ClientEvent) -> None:
    """S-15: however fast it is sent, as much is heard as the limit says, and not for long."""
    intake = IntakeLimit(LIMITS, PCM, 0.0)
    now, heard = 0.0, 0
    with pytest.raises(TooMuch, match="faster") as told:
        while True:
            now += intake.take(event, now)[1]
            heard += 1
    assert (told.value.limit, told.value.code) == ("flood", ErrorCode.RATE_LIMITED)
    assert now == pytest.approx(LIMITS.flood_s_max, abs=0.3)
    assert heard <= 5 * (CONTROL_BURST_S + LIMITS.flood_s_max)


def test_who_slows_down_now_and_then_is_no_flood() -> None:
    intake = IntakeLimit(LIMITS, PCM, 0.0)
    now = 0.0
    for _ in range(100):
        for _ in range(20):
            now += intake.take(Pinged(0.0), now)[1]
        now += 1.0
    assert now > 10 * LIMITS.flood_s_max


def test_audio_is_never_a_flood() -> None:
    """R-11: twenty times as fast as it was spoken is slowed down to twice, for as long as it is."""
    intake = IntakeLimit(LIMITS, PCM, 0.0)
    now = 0.0
    for _ in range(1200):
        limit, wait_s = intake.take(SECOND, now)
        assert limit == "audio_rate"
        now += wait_s
    assert now == pytest.approx((1200 - LIMITS.audio_burst_s) / LIMITS.audio_rate_max)
