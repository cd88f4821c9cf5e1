"""Tracing is off unless asked for, says what it lacks, and ends with everything sent."""

import sys

import pytest
from pydantic import AnyHttpUrl

from tests.support.collector import collecting
from voice_server.events import TurnMeasured
from voice_server.metrics import Metrics
from voice_server.settings import SettingsError, TelemetrySettings
from voice_server.telemetry import tracing

pytestmark = pytest.mark.socket

MEASURED = TurnMeasured(1, 1, {"endpoint_ms": 200.0, "eos_to_first_audio_ms": 200.0})


async def test_without_an_endpoint_nothing_is_traced() -> None:
    metrics = Metrics()
    before = metrics.turn_measured
    async with tracing(TelemetrySettings(), metrics):
        assert metrics.turn_measured is before


async def test_what_was_measured_has_been_sent_when_the_server_ends() -> None:
    metrics = Metrics()
    with collecting() as collector:
        async with tracing(collector.settings, metrics):
            metrics.turn_measured("s1", MEASURED)
        assert [span.name for span in collector.spans] == ["endpoint", "turn"]


async def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "voice_server.traces", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    wanted = TelemetrySettings(endpoint=AnyHttpUrl("http://127.0.0.1:4318/v1/traces"))
    with pytest.raises(SettingsError, match="with the extra otel"):
        async with tracing(wanted, Metrics()):
            pytest.fail("it cannot begin")
