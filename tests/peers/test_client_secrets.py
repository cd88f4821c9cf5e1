"""Client secrets by OpenAI's own package: made with a key, used without it, held by the leash."""

from collections.abc import Iterator

import openai
import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from websockets.exceptions import ConnectionClosed

from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from voice_server.identity.keys import entry

pytestmark = pytest.mark.socket

KEY = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def guarded() -> Iterator[ServerProcess]:
    """A server that asks for a key."""
    with ServerProcess(*SCRIPTED, "--set", f'auth.keys=["{entry(KEY, "alice")}"]') as server:
        yield server


def client(server: ServerProcess, key: str) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{server.url}v1", api_key=key, max_retries=0)


async def next_of(connection: AsyncRealtimeConnection, *types: str) -> RealtimeServerEvent:
    """The next event of one of these types."""
    while (event := await connection.recv()).type not in types:
        pass
    return event


async def test_a_secret_is_made_and_begins_its_session(guarded: ServerProcess) -> None:
    async with client(guarded, KEY) as maker:
        made = await maker.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60},
            session={"type": "realtime", "model": "gpt-realtime", "instructions": "Be kind."},
        )
    assert made.value.startswith("ek_")
    assert made.session.type == "realtime"
    assert made.session.instructions == "Be kind."
    async with client(guarded, made.value) as user:
        for _ in range(2):
            async with user.realtime.connect(model="gpt-realtime") as connection:
                created = await next_of(connection, "session.created")
                assert created.type == "session.created"
                assert created.session.type == "realtime"
                assert created.session.instructions == "Be kind."


async def test_a_transcription_secret_only_transcribes(guarded: ServerProcess) -> None:
    async with client(guarded, KEY) as maker:
        made = await maker.realtime.client_secrets.create(session={"type": "transcription"})
    async with (
        client(guarded, made.value) as user,
        user.realtime.connect(model="gpt-realtime") as connection,
    ):
        created = await next_of(connection, "session.created")
        assert created.type == "session.created"
        assert created.session.type == "transcription"


async def test_the_leash_holds(guarded: ServerProcess) -> None:
    async with client(guarded, KEY) as maker:
        made = await maker.realtime.client_secrets.create(extra_body={"max_turns": 1})
    async with (
        client(guarded, made.value) as user,
        user.realtime.connect(model="gpt-realtime") as connection,
    ):
        await connection.conversation.item.create(
            item={
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Hello?"}],
            }
        )
        await connection.response.create(response={"output_modalities": ["text"]})
        await next_of(connection, "response.done")
        error = await next_of(connection, "error")
        assert error.type == "error"
        assert error.error.code == "forbidden"
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


async def test_a_secret_opens_nothing_else(guarded: ServerProcess) -> None:
    async with client(guarded, KEY) as maker:
        made = await maker.realtime.client_secrets.create()
        with pytest.raises(openai.BadRequestError, match=r"session\.type"):
            await maker.realtime.client_secrets.create(extra_body={"session": {"type": "video"}})
    async with client(guarded, made.value) as user:
        with pytest.raises(openai.PermissionDeniedError):
            await user.realtime.client_secrets.create()
        with pytest.raises(openai.PermissionDeniedError):
            await user.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")
    async with client(guarded, "a-wrong-key-of-mine") as stranger:
        with pytest.raises(openai.AuthenticationError):
            await stranger.realtime.client_secrets.create()
