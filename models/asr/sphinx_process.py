"""The decoder processes of pocketsphinx: one for each utterance that is open, never more than some.

A process takes a second to start, so one is kept ready and the others come when they are needed
and stay. One that dies is replaced; only the utterance that it served notices.
"""

import asyncio
import importlib.util
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from audio import Samples
from models.asr import RecognitionError, Word
from models.errors import ModelError

_WORKER = Path(__file__).with_name("sphinx_worker.py")
_ANSWER_BYTES_MAX = 1 << 20
_BROKEN = "The recogniser's process died; the next utterance gets a new one."


class DecoderProcess:
    """One decoder. One call at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> "DecoderProcess":
        """Start a process and wait until its model is loaded. Raises `ModelError`."""
        if importlib.util.find_spec("pocketsphinx") is None:
            raise ModelError(
                "pocketsphinx is not installed: pip install 'voice-server[pocketsphinx]'."
            )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_WORKER)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_ANSWER_BYTES_MAX,
        )
        decoder = cls(process)
        try:
            await decoder._answer()
        except RecognitionError as error:
            raise ModelError(
                "pocketsphinx cannot load its model: reinstall it with"
                " pip install --force-reinstall 'voice-server[pocketsphinx]'."
            ) from error
        except asyncio.CancelledError:
            decoder.kill()
            raise
        return decoder

    @property
    def alive(self) -> bool:
        """False when the process has ended."""
        return self._process.returncode is None

    async def hear(
        self, what: Literal["stream", "final"], samples: Samples, *, begin: bool = False
    ) -> tuple[Word, ...]:
        """Decode 16 kHz `samples`. Raises `RecognitionError` where the process died.

        Word times are since the first sample of the stream, or of the final.
        """
        audio = samples.astype("<i2").tobytes()
        head = json.dumps({"do": what, "begin": begin, "bytes": len(audio)}).encode()
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(head + b"\n" + audio)
            await stdin.drain()
        except ConnectionError as error:
            raise RecognitionError(_BROKEN) from error
        return await self._answer()

    async def _answer(self) -> tuple[Word, ...]:
        stdout = self._process.stdout
        assert stdout is not None
        line = await stdout.readline()
        if not line.endswith(b"\n"):
            await self._process.wait()
            raise RecognitionError(_BROKEN)
        return tuple(Word(*word) for word in json.loads(line))

    def kill(self) -> None:
        """End the process without waiting."""
        if self.alive:
            self._process.kill()

    async def close(self) -> None:
        """End the process and wait for it."""
        self.kill()
        await self._process.wait()


class DecoderPool:
    """At most `decoders_max` processes. `lend` and `take_back` pair up."""

    def __init__(
        self,
        decoders_max: int,
        start: Callable[[], Awaitable[DecoderProcess]] = DecoderProcess.start,
    ) -> None:
        if decoders_max < 1:
            raise ValueError(f"decoders_max must be at least 1, not {decoders_max}")
        self._start = start
        self._places = asyncio.Semaphore(decoders_max)
        self._idle: list[DecoderProcess] = []
        self._all: set[DecoderProcess] = set()

    @property
    def exhausted(self) -> bool:
        """True where `lend` would have to wait for somebody else to finish."""
        return self._places.locked()

    async def warm_up(self) -> None:
        """Have one decoder ready. Raises `ModelError`."""
        self.take_back(await self.lend())

    async def lend(self) -> DecoderProcess:
        """Return a decoder of one's own, starting it if need be. Raises `ModelError`."""
        await self._places.acquire()
        try:
            while self._idle:
                decoder = self._idle.pop()
                if decoder.alive:
                    return decoder
                self._all.discard(decoder)
            decoder = await self._start()
        except BaseException:
            self._places.release()
            raise
        self._all.add(decoder)
        return decoder

    def take_back(self, decoder: DecoderProcess) -> None:
        """Return a decoder that is not working."""
        self._idle.append(decoder)
        self._places.release()

    async def close(self) -> None:
        """End every process."""
        for decoder in self._all:
            await decoder.close()
