"""The bundled recogniser, loaded for a bench, outside of any event loop."""

import asyncio

from models.asr import Recognizer
from voice_server.engines import load_engines
from voice_server.settings import load

_ASSIGNMENTS = (
    "asr.engine=bundled",
    "llm.engine=scripted",
    "tts.engine=scripted",
    "asr.workers=1",
    "models.offline=true",
)


def bundled_recognizer() -> Recognizer:
    """Load it, warm, with one worker. Raises `ModelError`."""
    engines = asyncio.run(load_engines(load(None, _ASSIGNMENTS)))
    return engines.recognizer
