"""Several voices behind one: each session, and each reply, may choose.

The first voice is always loaded. Others are loaded when they are asked for, kept while their files
together are no larger than a limit, and the one that was silent for longest leaves first. All come
out at the rate of the first. A voice that cannot be loaded is replaced by the first, and the log
says so: a conversation goes on in another voice rather than in silence.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from audio.resample import Resampler
from models.errors import ModelError
from models.tts import SpeechChunk, Synthesizer, Voice

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Loaded:
    synthesizer: Synthesizer
    size_bytes: int
    speaking: int = 0


class VoiceShelf:
    """A `Synthesizer` over several."""

    def __init__(
        self,
        first: Synthesizer,
        others: Mapping[str, Path | None],
        load: Callable[[Path], Synthesizer],
        *,
        listed: Sequence[Voice] = (),
        bytes_max: int = 2**30,
    ) -> None:
        """`others` are files by the id of the voice, None for one that could not be had.

        `load` blocks, and raises `ModelError`. `listed` are the voices of the others, for clients
        to choose from. `bytes_max` is for the files of those loaded, without the first.
        """
        self._first = first
        self._others = others
        self._load = load
        self._listed = listed
        self._bytes_max = bytes_max
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._loading = asyncio.Lock()

    @property
    def name(self) -> str:
        """As the first voice's."""
        return self._first.name

    @property
    def rate(self) -> int:
        """As the first voice's."""
        return self._first.rate

    @property
    def voices(self) -> Sequence[Voice]:
        """Those of the first, then the others."""
        return [*self._first.voices, *self._listed]

    @property
    def loaded(self) -> Sequence[str]:
        """Ids of the others that are in memory, the next to leave first."""
        return list(self._loaded)

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        """As `Synthesizer.speak`; `voice` is an id, or `id#speaker`."""
        wanted = (voice or "").partition("#")[0]
        if wanted not in self._others:
            async with aclosing(
                self._first.speak(text, voice=voice, speed=speed, urgent=urgent)
            ) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        async with self._taken(wanted) as synthesizer:
            chosen = None if synthesizer is self._first else voice
            said = synthesizer.speak(text, voice=chosen, speed=speed, urgent=urgent)
            async with (
                aclosing(said) as chunks,
                aclosing(self._at_rate(chunks, synthesizer)) as all_,
            ):
                async for chunk in all_:
                    yield chunk

    async def close(self) -> None:
        """Release all of them."""
        await self._first.close()
        for loaded in self._loaded.values():
            await loaded.synthesizer.close()
        self._loaded.clear()

    @asynccontextmanager
    async def _taken(self, voice_id: str) -> AsyncIterator[Synthesizer]:
        """A voice that stays loaded meanwhile; the first, where it cannot be had."""
        loaded = await self._found(voice_id)
        if loaded is None:
            yield self._first
            return
        loaded.speaking += 1
        try:
            yield loaded.synthesizer
        finally:
            loaded.speaking -= 1
            await self._make_room()

    async def _found(self, voice_id: str) -> _Loaded | None:
        async with self._loading:
            if voice_id not in self._loaded:
                path = self._others[voice_id]
                try:
                    if path is None:
                        raise ModelError("it is not on this machine")
                    synthesizer = await asyncio.to_thread(self._load, path)
                    size_bytes = (await asyncio.to_thread(path.stat)).st_size
                except ModelError as error:
                    name = self._first.name
                    logger.warning("%s speaks instead of %s: %s", name, voice_id, error)
                    return None
                self._loaded[voice_id] = _Loaded(synthesizer, size_bytes)
            self._loaded.move_to_end(voice_id)
            return self._loaded[voice_id]

    async def _make_room(self) -> None:
        """Let go of silent voices until the rest fits."""
        for voice_id in list(self._loaded):
            if sum(loaded.size_bytes for loaded in self._loaded.values()) <= self._bytes_max:
                return
            if not self._loaded[voice_id].speaking:
                await self._loaded.pop(voice_id).synthesizer.close()

    async def _at_rate(
        self, chunks: AsyncGenerator[SpeechChunk, None], synthesizer: Synthesizer
    ) -> AsyncGenerator[SpeechChunk, None]:
        """The same speech at the rate of the first voice, marks and all."""
        resampler = Resampler(synthesizer.rate, self.rate)
        async for chunk in chunks:
            yield SpeechChunk(
                resampler.feed(chunk.samples),
                tuple(
                    replace(
                        mark,
                        start_sample=mark.start_sample * self.rate // synthesizer.rate,
                        end_sample=mark.end_sample * self.rate // synthesizer.rate,
                    )
                    for mark in chunk.marks
                ),
            )
        if (tail := resampler.flush()).size:
            yield SpeechChunk(tail)
