"""What operators scrape: proper names, seconds, and queues asked for when somebody looks."""

import asyncio
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from voice_server.bench.virtual_time import run_virtual
from voice_server.metrics import LAG_PROBE_S, Metrics

pytestmark = pytest.mark.pure


def samples(metrics: Metrics) -> dict[tuple[str, str], float]:
    """Value by name and label values."""
    return {
        (sample.name, "/".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_names_follow_the_conventions() -> None:
    families = list(text_string_to_metric_families(Metrics().render().decode()))
    assert len(families) >= 10
    for family in families:
        assert re.fullmatch(r"voice_server_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        if family.type == "histogram":
            assert family.name.endswith("_seconds")


def test_a_reply_is_counted_and_its_time_is_in_seconds() -> None:
    metrics = Metrics()
    metrics.reply_done("completed", {"asr_ms": 250.0, "eos_to_first_audio_ms": 900.0})
    metrics.reply_done("interrupted", {})
    found = samples(metrics)
    assert found["voice_server_replies_total", "completed"] == 1
    assert found["voice_server_replies_total", "interrupted"] == 1
    assert found["voice_server_stage_seconds_sum", "asr"] == 0.25
    assert found["voice_server_stage_seconds_sum", "eos_to_first_audio"] == 0.9
    assert found["voice_server_stage_seconds_count", "asr"] == 1


def test_counters_end_in_total() -> None:
    metrics = Metrics()
    metrics.sessions_total.labels("conversation").inc()
    metrics.limit_hits.labels("audio_rate").inc()
    metrics.late_events.inc()
    found = samples(metrics)
    assert found["voice_server_sessions_opened_total", "conversation"] == 1
    assert found["voice_server_limit_hits_total", "audio_rate"] == 1
    assert found["voice_server_late_events_total", ""] == 1


def test_queues_are_read_at_every_scrape() -> None:
    metrics = Metrics()
    depths = {"partial": 3, "final": 0}
    metrics.watch_queues(lambda: depths)
    assert samples(metrics)["voice_server_queue_depth", "partial"] == 3
    depths["partial"] = 1
    assert samples(metrics)["voice_server_queue_depth", "partial"] == 1
    assert samples(metrics)["voice_server_queue_depth", "final"] == 0


def test_two_servers_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.sessions.inc()
    assert samples(one)["voice_server_sessions", ""] == 1
    assert samples(other)["voice_server_sessions", ""] == 0


def test_the_loop_is_probed_until_cancelled() -> None:
    metrics = Metrics()

    async def probed() -> None:
        async with asyncio.timeout(LAG_PROBE_S * 10.5):
            await metrics.probe_loop()

    with pytest.raises(TimeoutError):
        run_virtual(probed())
    found = samples(metrics)
    assert found["voice_server_loop_lag_seconds_count", ""] == 10
    assert found["voice_server_loop_lag_seconds_sum", ""] == pytest.approx(0)
