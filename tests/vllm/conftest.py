"""Leaves this folder out unless a vLLM was started for it."""

import os

import pytest

from models.llm import Tool

SERVER_VARIABLE = "VOICE_SERVER_TEST_VLLM_URL"
ENVIRONMENT_VARIABLE = "VLLM_TEST_ENVIRONMENT"
"""Where vLLM is installed; the model's directory is that name with `-model` behind it."""
LAMP = Tool(
    "lamp",
    "Light.",
    {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]},
)
"""The model was trained to call it when it is asked to."""

collect_ignore_glob = [] if os.environ.get(SERVER_VARIABLE) else ["test_*.py"]


@pytest.fixture
def server_url() -> str:
    """The address of the server, without `/v1`."""
    return os.environ[SERVER_VARIABLE]
