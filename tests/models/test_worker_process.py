"""Real child processes that answer, die, hang and talk nonsense."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from models.crew import WorkerDied
from models.worker_process import WorkerProcess

pytestmark = pytest.mark.engine

PARROT = "tests.support.parrot_worker"


@pytest.fixture
async def parrot() -> AsyncIterator[WorkerProcess]:
    worker, hello = await WorkerProcess.start(PARROT, ["good day"])
    assert hello == b"good day"
    yield worker
    await worker.close()


async def test_requests_of_any_size_are_answered(parrot: WorkerProcess) -> None:
    for request in (b"", b"hello", os.urandom(3_000_000)):
        assert await parrot.call(request, 30) == request


async def test_a_process_that_ends_is_noticed_at_once(parrot: WorkerProcess) -> None:
    with pytest.raises(WorkerDied, match="ended"):
        await parrot.call(b"die", 30)
    with pytest.raises(WorkerDied, match="ended"):
        await parrot.call(b"hello", 30)


async def test_a_process_that_was_killed_is_noticed_at_the_next_call(
    parrot: WorkerProcess,
) -> None:
    os.kill(parrot.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="ended"):
        await parrot.call(b"x" * 3_000_000, 30)


async def test_a_process_that_stands_still_is_ended(parrot: WorkerProcess) -> None:
    os.kill(parrot.pid, signal.SIGSTOP)
    with pytest.raises(WorkerDied, match="in time"):
        await parrot.call(b"hello", 0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(parrot.pid, 0)


async def test_an_answer_without_end_is_refused(parrot: WorkerProcess) -> None:
    with pytest.raises(WorkerDied):
        await parrot.call(b"boast", 30)


async def test_a_cancelled_call_ends_the_process(parrot: WorkerProcess) -> None:
    os.kill(parrot.pid, signal.SIGSTOP)
    call = asyncio.create_task(parrot.call(b"hello", 30))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    await parrot.close()
    with pytest.raises(ProcessLookupError):
        os.kill(parrot.pid, 0)


def test_nothing_is_left_behind_when_the_server_is_killed() -> None:
    script = (
        "import asyncio\n"
        "from models.worker_process import WorkerProcess\n"
        "async def main():\n"
        f"    worker, _ = await WorkerProcess.start({PARROT!r}, ['hello'])\n"
        "    print(worker.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        child = os.pidfd_open(int(server.stdout.readline()))
        server.kill()
    ended, _, _ = select.select([child], [], [], 10)
    os.close(child)
    assert ended


async def test_a_process_that_cannot_start_says_so() -> None:
    with pytest.raises(WorkerDied, match="ended"):
        await WorkerProcess.start("tests.support.no_such_worker")
