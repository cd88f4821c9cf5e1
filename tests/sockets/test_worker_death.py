"""The recogniser's processes are killed while somebody speaks: the words come all the same."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import ServerProcess
from tests.support.speech import say
from tests.support.voice_client import connected, hello
from voice_server.bench.word_error import words_of

pytestmark = pytest.mark.socket

QUESTION = "Repeat, set an alarm for six o'clock."


@pytest.fixture
def own_server() -> Iterator[ServerProcess]:
    with ServerProcess("--set", "asr.workers=2") as server:
        yield server


def workers(server: ServerProcess) -> list[int]:
    """The processes of the recogniser."""
    tasks = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    children = [int(pid) for task in tasks for pid in task.read_text().split()]
    return [
        pid
        for pid in children
        if b"models.asr.whisper_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


async def test_words_survive_the_death_of_a_worker(own_server: ServerProcess) -> None:
    question = await asyncio.to_thread(say, QUESTION)
    before = workers(own_server)
    assert len(before) == 2
    async with connected(own_server.url, hello(), listening=True) as client:
        saying = asyncio.create_task(client.microphone.say(question))
        await client.wait_for("transcript.partial")
        os.kill(before[0], signal.SIGKILL)
        await saying
        final = await client.wait_for("transcript.final")
        done = await client.wait_for("response.done")
    assert words_of(final["text"]) == words_of(QUESTION)
    assert done["status"] == "completed"
    assert client.events("error") == []
