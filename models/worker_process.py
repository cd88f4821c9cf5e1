"""A process that answers requests, one at a time: bytes in, bytes out, over its pipes.

The native libraries of a model hold the interpreter for milliseconds on end, and can crash; in a
process of their own they disturb nobody. A message is its length (4 bytes, little-endian) and its
content, a pipe is as fast here as shared memory: a window of speech is 300 KB at most. The child
ends by itself when its standard input closes, so nothing is left behind when the server is killed.
"""

import asyncio
import struct
import sys
from collections.abc import Sequence

from models.crew import WorkerDied

MESSAGE_BYTES_MAX = 64 << 20
_LENGTH = struct.Struct("<I")
_START_S_MAX = 120.0


class WorkerProcess:
    """One child process. One call at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, module: str, arguments: Sequence[str] = ()
    ) -> tuple["WorkerProcess", bytes]:
        """Run a module of ours; return the process, and the first message that it sends.

        Raises `WorkerDied` where it ends, or says nothing for two minutes.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", module, *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        worker = cls(process)
        try:
            return worker, await worker._answer(_START_S_MAX)
        except asyncio.CancelledError:
            worker.kill()
            raise

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    async def call(self, request: bytes, timeout_s: float) -> bytes:
        """Send a request and return its answer.

        Raises `WorkerDied` where the process ended; one that takes longer than `timeout_s` is
        ended. After a cancelled call the process is of no more use, and is ended too.
        """
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(_LENGTH.pack(len(request)) + request)
            await stdin.drain()
            return await self._answer(timeout_s)
        except ConnectionError as error:
            await self.close()
            raise WorkerDied("the process of the model ended.") from error
        except asyncio.CancelledError:
            self.kill()
            raise

    async def _answer(self, timeout_s: float) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            async with asyncio.timeout(timeout_s):
                (length,) = _LENGTH.unpack(await stdout.readexactly(_LENGTH.size))
                if length > MESSAGE_BYTES_MAX:
                    raise asyncio.IncompleteReadError(b"", length)
                return await stdout.readexactly(length)
        except asyncio.IncompleteReadError as error:
            await self.close()
            raise WorkerDied("the process of the model ended.") from error
        except TimeoutError as error:
            await self.close()
            raise WorkerDied("the process of the model did not answer in time.") from error

    def kill(self) -> None:
        """End the process without waiting."""
        if self._process.returncode is None:
            self._process.kill()

    async def close(self) -> None:
        """End the process and wait for it."""
        self.kill()
        await self._process.wait()
