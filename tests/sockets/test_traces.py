"""A turn with a real server arrives at a collector as one trace, and no word with it."""

import asyncio

import pytest

from tests.support.collector import collecting
from tests.support.server import ServerProcess
from tests.support.servers import BRISK, SCRIPTED, TURNS
from tests.support.speech import say
from tests.support.voice_client import connected, hello

pytestmark = pytest.mark.socket


async def test_a_turn_is_traced_as_the_client_was_told() -> None:
    question = await asyncio.to_thread(say, "Tell me a story.")
    with collecting() as collector:
        endpoint = f"telemetry.endpoint={collector.settings.endpoint}"
        with ServerProcess(*TURNS, *SCRIPTED, *BRISK, "--set", endpoint) as server:
            async with connected(server.url, hello(), listening=True) as client:
                await client.microphone.say(question)
                measured = await client.wait_for("metrics")
        whole_ms = {
            span.name: (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6
            for span in collector.spans
        }
        told = {name.removesuffix("_ms"): ms for name, ms in measured["metrics"].items()}
        whole = told.pop("eos_to_first_audio")
        assert whole_ms.pop("turn") == pytest.approx(whole, abs=1)
        assert whole_ms == pytest.approx(told, abs=0.01)
        assert not any(b"story" in request.SerializeToString() for request in collector.requests)
