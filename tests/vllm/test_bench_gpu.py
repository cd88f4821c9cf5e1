"""What `scripts/bench-gpu` asks of vLLM, asked of a real one in a tiny shape."""

import json
import os
from pathlib import Path

import pytest

from tests.vllm.conftest import ENVIRONMENT_VARIABLE
from voice_server.bench.gpu import command

pytestmark = [pytest.mark.engine, pytest.mark.vllm, pytest.mark.timeout(300)]


def test_replies_are_measured_and_ended(tmp_path: Path) -> None:
    options = ["--dry-run", "--vllm", os.environ[ENVIRONMENT_VARIABLE]]
    places = ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]
    assert command.main([*options, *places]) == 0
    found = json.loads((tmp_path / "out" / "gpu.json").read_text())
    assert not [reason for reason in found["skipped"] if "vLLM" in reason]
    replies = found["replies"]
    assert replies["first_token_ms"]["median"] > 0
    assert replies["first_token_cached_ms"]["median"] > 0
    assert replies["at_once"]["tokens_per_s"] > 0
    assert replies["ended_after_ms"] > 0
    assert found["together"]["recognition"]["finals"] == 1
