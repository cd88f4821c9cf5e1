"""Talkers keep their times, and note what a server of loopback shows them."""

import json
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from aiohttp import WSMsgType, web

from audio import SAMPLE_RATE
from scripts.bench_peers.clips import load, save
from scripts.bench_peers.heard import Clip
from scripts.bench_peers.orders import Order
from scripts.bench_peers.talkers import Talkers, plan

pytestmark = pytest.mark.socket

SAMPLES = np.arange(SAMPLE_RATE // 5, dtype=np.int16)


def order(clip: Clip, port: int, talkers: int = 1) -> Order:
    return Order("whisper-livekit", port, os.getpid(), [clip], talkers, cycles=1)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    return Clip("turn off", save(tmp_path / "a.wav", SAMPLES), 0.0, 0.2, [("turn", 0.1)])


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Speaks WhisperLiveKit's protocol: shows how many bytes it got."""

    async def asr(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_json({"type": "config"})
        got = 0
        async for message in ws:
            assert message.type == WSMsgType.BINARY
            if not message.data:
                await ws.send_json({"lines": [{"text": f"{got}"}], "buffer_transcription": ""})
                await ws.send_json({"type": "ready_to_stop"})
            got += len(message.data)
        return ws

    app = web.Application()
    app.router.add_get("/asr", asr)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def test_wav_files_come_back_to_the_sample(clip: Clip) -> None:
    assert load(clip.path).tolist() == SAMPLES.tolist()


def test_everybody_speaks_once_in_every_cycle_and_somebody_begins_at_once(clip: Clip) -> None:
    asked = Order("wyoming", 1, 1, [clip, clip], talkers=5, cycles=3, cycle_s=6.0)
    times = [at for _, at in plan(asked, random.Random(1))]
    assert len(times) == 15
    assert min(times) == 0
    assert [at + 6.0 for at in times[:5]] == pytest.approx(times[5:10])
    assert max(times[:5]) < 6.0
    assert plan(asked, random.Random(1)) == plan(asked, random.Random(1))


async def test_what_was_said_arrives_whole_and_what_was_shown_is_noted(
    clip: Clip, port: int
) -> None:
    block = await Talkers(order(clip, port, talkers=2)).run()
    texts = [[text for _, text, _ in one.shown] for one in block.utterances]
    expected = str(2 * (len(SAMPLES) + 2 * SAMPLE_RATE))
    assert texts == [[expected], [expected]]
    assert block.speech_s == pytest.approx(0.4)
    assert all(one.shown[-1][2] for one in block.utterances)
    assert block.late_ms is not None
    json.dumps([one.shown for one in block.utterances])


async def test_a_server_that_is_not_there_is_told(clip: Clip, unused_tcp_port: int) -> None:
    block = await Talkers(order(clip, unused_tcp_port)).run()
    assert "refused" in block.utterances[0].error.lower() or "connect" in block.utterances[0].error
    assert block.utterances[0].shown == []
