"""Keeping a server alive: real processes, real HTTP, a vLLM that is none."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from models.errors import ModelError
from models.llm.vllm.command import VllmOptions
from models.llm.vllm.server import ServerLimits, ServerState, VllmServer
from tests.models.llm.vllm.conftest import is_alive
from tests.support.vllm_stand_in import runs

pytestmark = pytest.mark.socket

LIMITS = ServerLimits(
    start_s=30, health_interval_s=0.05, health_failures_max=2, grace_s=5, pause_s=0.01
)
OPTIONS = VllmOptions("Qwen/Qwen3-8B")


@asynccontextmanager
async def _server(
    executable: str,
    options: VllmOptions = OPTIONS,
    limits: ServerLimits = LIMITS,
    on_restart: Callable[[], None] = lambda: None,
) -> AsyncGenerator[VllmServer, None]:
    server = await VllmServer.start(executable, options, limits=limits, on_restart=on_restart)
    try:
        yield server
    finally:
        await server.close()


async def _post(server: VllmServer, path: str) -> None:
    url = server.url.removesuffix("/v1") + path
    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(url):
                pass
        except aiohttp.ClientError:
            """It died before it could answer, as asked."""


async def test_it_is_started_and_ended(
    executable: str, notes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with _server(executable) as server:
        assert server.state is ServerState.READY
        (run,) = runs(notes)
        assert is_alive(run["pid"])
        assert is_alive(run["engine"])
        environment = run["environment"]
        assert isinstance(environment, dict)
        assert environment["VLLM_API_KEY"] == server.api_key
    assert not is_alive(run["pid"])
    assert not is_alive(run["engine"])
    assert "vLLM: loading weights" in caplog.text
    assert server.api_key not in caplog.text


@pytest.mark.parametrize("deed", ["/die", "/fall_ill"])
async def test_what_ends_or_falls_ill_is_started_again(
    executable: str, notes: Path, deed: str
) -> None:
    restarted = asyncio.Event()
    async with _server(executable, on_restart=restarted.set) as server:
        await _post(server, deed)
        await restarted.wait()
        assert server.state is ServerState.STARTING
        await server.until(ServerState.READY)
        first, second = runs(notes)
        assert not is_alive(first["pid"])
        assert not is_alive(first["engine"]), "an engine without its server keeps the GPU"
        assert is_alive(second["pid"])


async def test_what_ends_too_often_is_given_up(executable: str, notes: Path) -> None:
    limits = ServerLimits(health_interval_s=0.05, grace_s=5, pause_s=0.01, restarts_max=2)
    async with _server(executable, limits=limits) as server:
        (notes / "fail").write_text("CUDA error")
        await _post(server, "/die")
        await server.until(ServerState.FAILED)
        assert len(runs(notes)) == 3


async def test_closing_while_it_is_started_again(executable: str, notes: Path) -> None:
    restarted = asyncio.Event()
    async with _server(executable, on_restart=restarted.set) as server:
        await _post(server, "/die")
        await restarted.wait()
    assert not any(is_alive(run[who]) for run in runs(notes) for who in ("pid", "engine"))


async def test_who_does_not_listen_is_killed(executable: str, notes: Path) -> None:
    options = VllmOptions("tiny", arguments=("--never-end",))
    async with _server(executable, options, ServerLimits(grace_s=0.1)):
        (run,) = runs(notes)
    assert not is_alive(run["pid"])
    assert not is_alive(run["engine"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("CUDA out of memory", "ended with status 1. The GPU has too little free memory"),
        ("Something else broke", "ended with status 1. Its last words: Something else broke"),
    ],
)
async def test_a_first_start_that_fails_says_why(
    executable: str, notes: Path, words: str, says: str
) -> None:
    (notes / "fail").write_text(words)
    with pytest.raises(ModelError, match=says.replace(".", r"\.")):
        await VllmServer.start(executable, OPTIONS, limits=LIMITS)
    (run,) = runs(notes)
    assert not is_alive(run["engine"])


async def test_an_option_that_it_does_not_know(executable: str) -> None:
    options = VllmOptions("tiny", arguments=("--no-such-option",))
    with pytest.raises(ModelError, match=r"status 2\. It does not know one of its options"):
        await VllmServer.start(executable, options, limits=LIMITS)


async def test_a_start_that_takes_too_long(executable: str, notes: Path) -> None:
    with pytest.raises(ModelError, match=r"not ready after 0 s: it was starting"):
        await VllmServer.start(executable, OPTIONS, limits=ServerLimits(start_s=0, grace_s=5))
    assert not any(is_alive(run[who]) for run in runs(notes) for who in ("pid", "engine"))


async def test_a_command_that_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be run\. Install vLLM in an environment"):
        await VllmServer.start(str(tmp_path / "vllm"), OPTIONS, limits=LIMITS)
