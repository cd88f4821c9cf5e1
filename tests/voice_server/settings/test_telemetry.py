"""Traces go nowhere unless an address says where."""

import pytest

from voice_server.settings import Settings, SettingsError, TelemetrySettings, load

pytestmark = pytest.mark.pure


def test_there_are_no_traces_by_default() -> None:
    assert Settings().telemetry == TelemetrySettings()
    assert TelemetrySettings().endpoint is None


def test_an_address_turns_them_on() -> None:
    settings = load(None, ["telemetry.endpoint=http://collector:4318/v1/traces"])
    assert str(settings.telemetry.endpoint) == "http://collector:4318/v1/traces"


@pytest.mark.parametrize(
    "assignment",
    [
        "telemetry.endpoint=collector:4318",
        "telemetry.endpoint=ftp://collector/v1/traces",
        "telemetry.spans_waiting_max=1",
        "telemetry.send_every_ms=0",
        "telemetry.timeout_s=0",
        "telemetry.service_name=",
    ],
)
def test_what_cannot_be_is_refused_by_name(assignment: str) -> None:
    with pytest.raises(SettingsError, match=assignment.partition("=")[0].replace(".", r"\.")):
        load(None, [assignment])
