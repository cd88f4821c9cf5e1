"""Processes are bounded, shared, replaced when they die, and explained when they cannot start."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from models.asr import RecognitionError, sphinx_process
from models.asr.sphinx_process import DecoderPool, DecoderProcess
from models.errors import ModelError

pytestmark = pytest.mark.engine

HUSH = np.zeros(1600, np.int16)


@pytest.fixture
async def pool() -> AsyncIterator[DecoderPool]:
    pool = DecoderPool(1)
    yield pool
    await pool.close()


async def test_a_decoder_is_lent_to_one_and_then_to_the_next(pool: DecoderPool) -> None:
    await pool.warm_up()
    mine = await pool.lend()
    assert pool.exhausted
    waiting = asyncio.create_task(pool.lend())
    await asyncio.sleep(0)
    assert not waiting.done()
    pool.take_back(mine)
    assert await waiting is mine
    assert await mine.hear("stream", HUSH, begin=True) == ()


async def test_a_dead_decoder_is_noticed_and_replaced(pool: DecoderPool) -> None:
    dead = await pool.lend()
    dead.kill()
    with pytest.raises(RecognitionError, match="died"):
        await dead.hear("final", HUSH)
    assert not dead.alive
    pool.take_back(dead)
    fresh = await pool.lend()
    assert fresh is not dead
    assert await fresh.hear("final", HUSH) == ()


async def test_whoever_gives_up_waiting_takes_no_place(pool: DecoderPool) -> None:
    mine = await pool.lend()
    waiting = asyncio.create_task(pool.lend())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    pool.take_back(mine)
    assert not pool.exhausted


async def test_a_decoder_that_cannot_start_takes_no_place() -> None:
    async def broken() -> DecoderProcess:
        raise ModelError("no")

    pool = DecoderPool(1, start=broken)
    with pytest.raises(ModelError):
        await pool.lend()
    assert not pool.exhausted


async def test_a_worker_that_fails_at_once_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "worker.py"
    script.write_text("raise SystemExit(1)")
    monkeypatch.setattr(sphinx_process, "_WORKER", script)
    with pytest.raises(ModelError, match="reinstall"):
        await DecoderProcess.start()


async def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'voice-server\[pocketsphinx\]'"):
        await DecoderProcess.start()


async def test_a_pool_needs_a_place() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        DecoderPool(0)
