"""Piper voices besides the first: found or fetched when the server starts, loaded when needed."""

import asyncio
import logging
from functools import partial
from pathlib import Path

from models.catalog import voice_model
from models.errors import ModelError
from models.fetch_thread import fetched
from models.hub import Hub
from models.tts import Synthesizer, Voice
from models.tts.piper_voices import voices_in
from models.tts.synthesis_queue import SynthesisQueue
from models.tts.voice_shelf import VoiceShelf
from voice_server.settings import TtsSettings

logger = logging.getLogger(__name__)


def load_piper(path: Path, settings: TtsSettings, queue: SynthesisQueue) -> Synthesizer:
    """A Piper voice from its `.onnx` file. Blocks. Raises `ModelError`."""
    from models.tts.piper import PiperSynthesizer  # noqa: PLC0415

    return PiperSynthesizer.load(path, queue=queue, device=settings.device)


async def shelved(
    first: Synthesizer, settings: TtsSettings, hub: Hub, queue: SynthesisQueue
) -> VoiceShelf:
    """`first` and `tts.voices`. Whatever cannot be had is said, and spoken by the first.

    Raises `ModelError` for a name that cannot be a voice.
    """
    paths = await asyncio.gather(*(_path(voice, hub) for voice in settings.voices))
    others: dict[str, Path | None] = {}
    listed: list[Voice] = []
    for name, path in zip(settings.voices, paths, strict=True):
        others[Path(name).stem if name.endswith(".onnx") else name] = path
        listed += await asyncio.to_thread(voices_in, path) if path else ()
    return VoiceShelf(
        first,
        others,
        partial(load_piper, settings=settings, queue=queue),
        listed=listed,
        bytes_max=settings.voices_bytes_max,
    )


async def _path(voice: str, hub: Hub) -> Path | None:
    if voice.endswith(".onnx"):
        return Path(voice).expanduser()  # noqa: ASYNC240
    model = voice_model(voice)
    path = await asyncio.to_thread(hub.find_voice, model)
    if path is not None:
        return path
    why = await hub.unreachable()
    if why is None:
        try:
            return await fetched(lambda: hub.fetch_voice(model))
        except ModelError as error:
            why = str(error)
    logger.warning("The voice %s is not here, and another speaks for it: %s", voice, why)
    return None
