"""Whole calls against the real server: commands, events, keys, and what happens when it goes."""

import asyncio
import signal
import subprocess
import sys
from typing import TypeVar

import numpy as np
import pytest

from tests.support.clips import load_clip
from tests.support.server import ServerProcess
from voice_server.client import (
    Ack,
    Audio,
    AudioDone,
    Call,
    Config,
    ConnectionLost,
    ConnectionRefused,
    Error,
    Final,
    PlaybackStop,
    Pong,
    Ready,
    Reconnected,
    Reconnecting,
    Reconnection,
    ReplyDone,
    ReplyStarted,
    ServerFull,
    SpeechStarted,
    Unauthorized,
    connect,
)

pytestmark = pytest.mark.socket

PATIENCE_S = 30.0
KEY = "open sesame, please"
SCRIPTED = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")
_Kind = TypeVar("_Kind")


async def wait_for(call: Call, kind: type[_Kind]) -> _Kind:
    """The next event of its kind; others before it are passed over."""
    async with asyncio.timeout(PATIENCE_S):
        async for event in call:
            if isinstance(event, kind):
                return event
    raise AssertionError(f"the call ended before {kind.__name__}")


async def is_heard(call: Call) -> bool:
    """Whether the server hears somebody speak before it answers a ping that follows."""
    await call.send_audio(load_clip("question"))
    await call.ping()
    async with asyncio.timeout(PATIENCE_S):
        async for event in call:
            if isinstance(event, SpeechStarted | Pong):
                return isinstance(event, SpeechStarted)
    raise AssertionError("the call ended")


async def test_a_spoken_turn(server: ServerProcess) -> None:
    async with connect(server.url, language="en") as call:
        ready = await wait_for(call, Ready)
        assert ready.models["asr"]
        assert await call.send_audio(load_clip("question"))
        assert await call.send_audio(bytes(32_000))
        final = await wait_for(call, Final)
        assert "weather like in London" in final.text
        started = await wait_for(call, ReplyStarted)
        assert started.reply_to == final.item
        audio = await wait_for(call, Audio)
        assert (audio.stream, audio.position) == (started.stream, 0)
        done = await wait_for(call, AudioDone)
        await call.played(done.stream, done.total_samples, "drained")
        assert (await wait_for(call, ReplyDone)).status == "completed"


async def test_a_typed_turn_that_is_cancelled(scripted: ServerProcess) -> None:
    async with connect(scripted.url) as call:
        await call.text("Tell me a story.")
        audio = await wait_for(call, Audio)
        await call.cancel()
        assert (await wait_for(call, PlaybackStop)).stream == audio.stream
        assert (await wait_for(call, ReplyDone)).status == "cancelled"


async def test_every_command_is_taken(scripted: ServerProcess) -> None:
    async with connect(scripted.url, turn={"mode": "manual"}) as call:
        await call.mute()
        await call.mute(False)
        await call.clear()
        await call.configure(language="de", turn={"eagerness": "low"})
        config = (await wait_for(call, Config)).config
        assert config["language"] == "de"
        await call.ping()
        assert (await wait_for(call, Pong)).t > 0
        await call.send_audio(load_clip("question"))
        await call.commit("end")
        assert (await wait_for(call, Ack)).id == "end"
        await wait_for(call, Final)
        assert (await wait_for(call, ReplyStarted)).cause == "commit"
        await call.cancel()
        await call.say("Good morning.", interruptible=False)
        assert (await wait_for(call, ReplyStarted)).cause == "say"
        await call.respond("Be brief.")
        assert (await wait_for(call, ReplyStarted)).cause == "request"


async def test_what_cannot_be_obeyed_is_an_event(scripted: ServerProcess) -> None:
    async with connect(scripted.url, mode="transcription") as call:
        await call.say("Good morning.")
        assert "transcribes" in (await wait_for(call, Error)).message


async def test_goodbye_ends_the_events(scripted: ServerProcess) -> None:
    async with connect(scripted.url) as call:
        await call.bye()
        async with asyncio.timeout(PATIENCE_S):
            kinds = [type(event) async for event in call]
        assert kinds[0] is Ready
        assert [event async for event in call] == []
        with pytest.raises(ConnectionLost, match="over"):
            await call.text("Are you there?")
        assert not await call.send_audio(bytes(2))


async def test_wrong_samples_are_refused_at_once(scripted: ServerProcess) -> None:
    async with connect(scripted.url) as call:
        with pytest.raises(ValueError, match="2 bytes"):
            await call.send_audio(b"x")
        with pytest.raises(TypeError, match="float64"):
            await call.send_audio(np.zeros(10))  # type: ignore[arg-type]


async def test_keys_and_places() -> None:
    limits = ("--set", f'auth.keys=["{KEY}"]', "--set", "limits.sessions_max=1")
    with ServerProcess(*SCRIPTED, *limits) as server:
        with pytest.raises(Unauthorized, match="key"):
            async with connect(server.url):
                pass
        with pytest.raises(Unauthorized):
            async with connect(server.url, "wrong"):
                pass
        async with connect(server.url, KEY):
            with pytest.raises(ServerFull) as full:
                async with connect(server.url, KEY):
                    pass
            assert full.value.retry_after_s == 5


async def test_nobody_there_is_told_at_once() -> None:
    with pytest.raises(ConnectionRefused, match="Nobody answers"):
        async with connect("127.0.0.1:9"):
            pass


async def test_it_comes_back_when_the_server_does() -> None:
    """Killed, not stopped: nobody says goodbye."""
    patience = Reconnection(attempts_max=None, longest_s=1.0)
    with ServerProcess(*SCRIPTED) as first:
        async with connect(first.url, language="de", reconnection=patience) as call:
            await wait_for(call, Ready)
            await call.mute()
            await asyncio.to_thread(first.stop, signal.SIGKILL)
            assert (await wait_for(call, Reconnecting)).attempt == 1
            assert await call.send_audio(bytes(2)), "kept for the session"
            waiting = asyncio.create_task(call.text("Tell me a story."))
            with ServerProcess(*SCRIPTED, port=first.port):
                ready = await wait_for(call, Ready)
                assert ready.config["language"] == "de"
                again = await wait_for(call, Reconnected)
                assert not again.resumed
                assert again.attempts >= 1
                await waiting
                assert (await wait_for(call, ReplyStarted)).cause == "text"
                assert not await is_heard(call)
                await call.mute(False)
                assert await is_heard(call)


async def test_a_server_that_goes_away_says_when_to_come_back() -> None:
    with ServerProcess(*SCRIPTED) as server:
        async with connect(server.url, reconnection=Reconnection(attempts_max=1)) as call:
            await wait_for(call, Ready)
            await asyncio.to_thread(server.stop)
            leaving = await wait_for(call, Reconnecting)
            assert leaving.delay_s >= 1.0
            assert "went away" in leaving.reason
            with pytest.raises(ConnectionRefused):
                await wait_for(call, Ready)


async def test_whoever_asks_for_it_waits_for_the_first_connection_too() -> None:
    patience = Reconnection(attempts_max=1, at_first=True, shortest_s=0.01)
    async with connect("127.0.0.1:9", reconnection=patience) as call:
        assert (await wait_for(call, Reconnecting)).attempt == 1
        with pytest.raises(ConnectionRefused):
            await wait_for(call, Ready)


def test_no_engine_is_imported() -> None:
    program = "import sys, voice_server.client; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    imported = {name.split(".")[0] for name in shown.stdout.decode().split()}
    engines = {"models", "ctranslate2", "faster_whisper", "onnxruntime", "av", "soxr", "soundfile"}
    assert imported.isdisjoint(engines | {"pydantic", "huggingface_hub", "rich", "typer"})
    assert "aiohttp" in imported
