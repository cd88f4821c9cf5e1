"""`talk` against the real server, with a stand-in for `sounddevice` behind the same Protocol.

The stand-in's microphone hears a recorded clip in real time, its loudspeaker keeps what it plays:
everything but PortAudio itself is the real thing.
"""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
import pytest
from rich.console import Console

from tests.support.clips import load_clip
from tests.support.server import ServerProcess
from tests.support.sound_module import FakeSound
from voice_server.client import Call, ConnectionLost, connect
from voice_server.client.events import (
    AudioDone,
    AudioStarted,
    Event,
    Final,
    PlaybackStop,
    ReplyDone,
    ReplyStarted,
    State,
    Truncated,
)
from voice_server.client.sound_card import SoundCard
from voice_server.commands.keyboard import lines
from voice_server.commands.talk_loop import ESCAPE, SpokenTalk, TypedTalk, first_of
from voice_server.commands.talk_screen import Screen

pytestmark = pytest.mark.socket

PATIENCE_S = 60.0


class WatchedScreen(Screen):
    """A screen whose events can be waited for."""

    def __init__(self) -> None:
        self.file = io.StringIO()
        super().__init__(Console(file=self.file, width=100))
        self.events: asyncio.Queue[Event] = asyncio.Queue()

    def take(self, event: Event) -> None:
        super().take(event)
        self.events.put_nowait(event)

    async def shows(self, *kinds: type[Event]) -> Event:
        """The next event of one of these kinds."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self.events.get()
                if isinstance(event, kinds):
                    return event


@dataclass
class Booth:
    """Someone in front of `voice-server talk`."""

    sound: FakeSound
    screen: WatchedScreen
    keys: asyncio.Queue[str]
    call: Call


@asynccontextmanager
async def booth(url: str, *, push_to_talk: bool = False) -> AsyncIterator[Booth]:
    sound, keys = FakeSound(), asyncio.Queue[str]()
    card = SoundCard(sound)
    turn = {"mode": "manual" if push_to_talk else "vad"}
    calling = connect(url, turn=turn, output_rate=card.output_rate, playback_reports=True)
    async with calling as call:
        with card, WatchedScreen() as screen:
            talk = SpokenTalk(call, card, screen, keys, push_to_talk=push_to_talk)
            running = asyncio.create_task(talk.run())
            try:
                yield Booth(sound, screen, keys, call)
                keys.put_nowait("q")
                async with asyncio.timeout(PATIENCE_S):
                    await running
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)


async def test_a_spoken_question_is_answered_aloud(server: ServerProcess) -> None:
    async with booth(server.url) as guest:
        guest.sound.say(load_clip("question"))
        final = await guest.screen.shows(Final)
        assert isinstance(final, Final)
        assert "weather like in London" in final.text
        await guest.sound.sounds()
    assert "you  What is the weather like in London" in guest.screen.file.getvalue()


async def test_a_reply_is_over_when_the_loudspeaker_has_played_it(scripted: ServerProcess) -> None:
    async with booth(scripted.url) as guest:
        await guest.call.text("Tell me a story.")
        sent = await guest.screen.shows(AudioDone)
        assert isinstance(sent, AudioDone)
        done = await guest.screen.shows(ReplyDone)
        assert isinstance(done, ReplyDone)
        assert done.status == "completed"
    played = np.concatenate(guest.sound.heard)
    assert np.count_nonzero(played) == pytest.approx(sent.total_samples, rel=0.02)


async def test_escape_stops_the_reply_and_says_what_was_heard(scripted: ServerProcess) -> None:
    async with booth(scripted.url) as guest:
        await guest.call.text("Tell me a story.")
        await guest.screen.shows(AudioStarted)
        guest.keys.put_nowait(ESCAPE)
        await guest.screen.shows(PlaybackStop)
        cut = await guest.screen.shows(Truncated)
        assert isinstance(cut, Truncated)
        assert cut.basis == "reported"
        done = await guest.screen.shows(ReplyDone)
        assert isinstance(done, ReplyDone)
        assert done.status == "cancelled"


async def test_the_space_bar_begins_and_ends_a_turn(scripted: ServerProcess) -> None:
    async with booth(scripted.url, push_to_talk=True) as guest:
        guest.keys.put_nowait(" ")
        guest.sound.say(load_clip("no"))
        await guest.screen.shows(State)
        hearing = await guest.screen.shows(State)
        assert isinstance(hearing, State)
        assert hearing.state == "hearing"
        assert "space: send" in guest.screen.line().plain
        guest.keys.put_nowait(" ")
        await guest.screen.shows(Final)
        started = await guest.screen.shows(ReplyStarted)
        assert isinstance(started, ReplyStarted)
        assert started.cause == "commit"
        assert "space: talk" in guest.screen.line().plain


async def test_typed_lines_are_answered_one_after_the_other(server: ServerProcess) -> None:
    typed = lines(io.StringIO("What is two plus three?\n\nWhat time is it?\n"))
    async with connect(server.url, playback_reports=True) as call:
        with WatchedScreen() as screen:
            async with asyncio.timeout(PATIENCE_S):
                await TypedTalk(call, screen, typed).run()
    answers = [line for line in screen.file.getvalue().splitlines() if line.startswith("voice")]
    assert len(answers) == 2


async def test_a_server_that_hangs_up_is_an_error(scripted: ServerProcess) -> None:
    async def never() -> AsyncIterator[str]:
        await asyncio.Event().wait()
        yield ""

    async with connect(scripted.url) as call:
        with WatchedScreen() as screen:
            await call.bye()
            with pytest.raises(ConnectionLost, match="has ended"):
                await TypedTalk(call, screen, never()).run()


async def test_the_first_to_end_ends_the_others() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waits")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        await first_of(waits(), fails())
    assert ended == ["waits"]
