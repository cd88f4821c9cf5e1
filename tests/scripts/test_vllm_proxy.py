"""scripts/nginx/vllm.conf: of all that vLLM answers to, what a voice server asks gets through."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.support.chat_endpoint import chat_endpoint
from tests.support.nginx import SHIPPED, Nginx

pytestmark = pytest.mark.socket

NOBODY = "map $host $voice_process { default 127.0.0.1:9; }\n"
"""There is no voice server in this test."""


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """Asks nginx, before something that answers like vLLM. Its port is a file, its own for sure."""
    place = tmp_path / "vllm.socket"
    text = (SHIPPED / "vllm.conf").read_text()
    async with chat_endpoint() as vllm:
        for shipped, ours in {
            "listen 8100;": f"listen unix:{place};",
            "allow 10.0.0.0/8;": "allow unix:;",
            "127.0.0.1:8000": vllm.url.removeprefix("http://").removesuffix("/v1"),
        }.items():
            assert shipped in text
            text = text.replace(shipped, ours)
        with Nginx(tmp_path, NOBODY + text) as nginx:
            assert nginx.complaints() == ""
            async with aiohttp.ClientSession() as http, http.get(f"{nginx.url}nginx") as answer:
                assert answer.status == 204  # it is there
            async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(place))) as http:
                yield http


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/chat/completions", 200),
        ("GET", "/v1/models", 200),
        ("GET", "/v1/chat/completions", 403),
        ("DELETE", "/v1/models", 403),
        ("POST", "/v1/chat/completions/", 404),
        ("POST", "/pause", 404),
        ("POST", "/sleep", 404),
        ("POST", "/invocations", 404),
        ("POST", "/v1/load_lora_adapter", 404),
        ("POST", "/v1/chat/completions/%2e%2e/%2e%2e/%2e%2e/pause", 404),
        ("GET", "/metrics", 404),
    ],
)
async def test_what_gets_through(
    proxy: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    """T22."""
    address = URL(f"http://vllm{path}", encoded=True)
    async with proxy.request(method, address, json={"messages": []}) as answer:
        assert answer.status == status
