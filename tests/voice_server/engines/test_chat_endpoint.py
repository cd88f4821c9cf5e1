"""Endpoints as the settings want them."""

import pytest

from voice_server.engines.chat_endpoint import endpoint_at, warms
from voice_server.settings import LlmSettings

pytestmark = pytest.mark.pure


def test_limits_come_from_the_settings() -> None:
    settings = LlmSettings(
        first_token_timeout_s=3, streams_max=7, tool_calls_max=2, tool_arguments_bytes_max=2048
    )
    endpoint = endpoint_at("http://gpu:8000", "tiny", "k-1", "vllm", settings)
    assert (endpoint.timeouts.first_token_s, endpoint.streams_max) == (3, 7)
    assert (endpoint.call_limits.calls_max, endpoint.call_limits.arguments_bytes_max) == (2, 2048)
    assert "k-1" not in repr(endpoint)


def test_prompts_are_sent_ahead_where_they_cost_nothing() -> None:
    chosen = [LlmSettings(warm_prefix=how) for how in ("auto", "always", "never")]
    far = [warms("https://api.example/v1", settings) for settings in chosen]
    near = [warms("http://gpu:8000/v1", settings) for settings in chosen]
    assert (far, near) == ([False, True, False], [True, True, False])
