"""A measurement names its machine."""

import pytest

from voice_server.bench.conditions import machine

pytestmark = pytest.mark.pure


def test_cores_and_load_are_told() -> None:
    told = machine()
    assert "cores" in told["machine"]
    assert float(told["load average before"]) >= 0
