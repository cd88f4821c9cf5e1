"""The REST endpoints on loopback in this process, on engines that a test may choose."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import soundfile
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient

from audio import SAMPLE_RATE, Samples
from audio.silero import SileroModel
from tests.support.http_server import PatientServer
from voice_server.app import VoiceServer
from voice_server.conversation.house import House
from voice_server.engines import Engines, load_engines
from voice_server.identity.keys import parse
from voice_server.metrics import Metrics
from voice_server.settings import load

SCRIPTED = ("asr.engine=scripted", "llm.engine=scripted", "tts.engine=scripted")

Adapt = Callable[[Engines], Engines]
Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def rest_server(
    *assignments: str, adapt: Adapt = lambda it: it
) -> AsyncIterator[tuple[VoiceServer, Client]]:
    """The whole application and a client; `adapt` may exchange the scripted engines."""
    settings = load(None, [*SCRIPTED, *assignments])
    engines = await load_engines(settings)
    server = VoiceServer(House(settings, adapt(engines), SileroModel(), Metrics()))
    try:
        async with TestClient(PatientServer(server.application())) as client:
            yield server, client
    finally:
        await engines.close()


@asynccontextmanager
async def rest_client(*assignments: str, adapt: Adapt = lambda it: it) -> AsyncIterator[Client]:
    """The same, where the client is enough."""
    async with rest_server(*assignments, adapt=adapt) as (_, client):
        yield client


def wav(samples: Samples, rate: int = SAMPLE_RATE) -> bytes:
    """A file in memory."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV")
    return file.getvalue()


def upload(content: bytes, **fields: str) -> FormData:
    """A form with a file, whose brackets may be written as a trailing underscore."""
    form = FormData()
    for name, value in fields.items():
        form.add_field(name.removesuffix("_") + "[]" * name.endswith("_"), value)
    form.add_field("file", content, filename="speech.wav", content_type="audio/wav")
    return form


KEY = "a-key-of-enough-letters"
WITH_KEY = (f'auth.keys=["{KEY}"]', "limits.sessions_per_user_max=100")
BEARER = {"Authorization": f"Bearer {KEY}"}


async def spent(server: VoiceServer) -> dict[str, int]:
    """What the user of `KEY` has used today, by kind."""
    user = parse(KEY).user
    day = datetime.now(UTC).date()
    store = server.identities.store
    kinds = ("audio_ms", "llm_tokens", "tts_chars")
    return {kind: await store.total(f"spent:{user}:{kind}:{day}") for kind in kinds}
