"""What runs behind `voice-server talk`: devices, keys and screen joined to a call."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any

from voice_server.client.call import Call
from voice_server.client.errors import ConnectionLost
from voice_server.client.events import (
    Audio,
    AudioDone,
    Error,
    Event,
    PlaybackStop,
    Reconnected,
    ReplyDone,
)
from voice_server.client.sound_card import SoundCard
from voice_server.commands.talk_screen import Screen

REPORT_S = 0.2
ESCAPE = "\x1b"
QUIT = frozenset("q\x04")


class SpokenTalk:
    """Microphone in, loudspeaker out, until a key or the server ends it."""

    def __init__(
        self,
        call: Call,
        card: SoundCard,
        screen: Screen,
        keys: asyncio.Queue[str],
        *,
        push_to_talk: bool,
    ) -> None:
        self._call = call
        self._card = card
        self._screen = screen
        self._keys = keys
        self._push_to_talk = push_to_talk
        self._open = not push_to_talk

    async def run(self) -> None:
        """Talk. Raises `CallError` when the connection is lost for good."""
        self._show_keys()
        await first_of(self._listen(), self._send(), self._report(), self._obey_keys())

    async def _listen(self) -> None:
        async for event in self._call:
            self._card.obey(event)
            self._screen.take(event)
            if isinstance(event, PlaybackStop):
                await self._report_once()

    async def _send(self) -> None:
        while True:
            block = await self._card.heard()
            if self._open:
                await self._call.send_audio(block)

    async def _report(self) -> None:
        while True:
            await self._report_once()
            await asyncio.sleep(REPORT_S)

    async def _report_once(self) -> None:
        for report in self._card.reports():
            await self._call.played(report.stream, report.position, report.state)

    async def _obey_keys(self) -> None:
        while (key := await self._keys.get()) not in QUIT:
            with suppress(ConnectionLost):  # the screen tells, and the reply is gone with it
                if key == ESCAPE:
                    await self._call.cancel()
                elif key == " " and self._push_to_talk:
                    await self._toggle()

    async def _toggle(self) -> None:
        """A terminal knows no key-up: one press begins, the next one sends."""
        self._open = not self._open
        self._show_keys()
        if self._open:
            await self._call.cancel()
        else:
            await self._call.commit()

    def _show_keys(self) -> None:
        if self._push_to_talk:
            self._screen.hint("space: send" if self._open else "space: talk, q: quit")
        else:
            self._screen.hint("esc: stop the reply, q: quit")


class TypedTalk:
    """Lines in, answers on the screen. Audio is counted as played as it comes.

    An answer that is lost with its connection is not waited for, and not asked for again.
    """

    def __init__(self, call: Call, screen: Screen, typed: AsyncIterator[str]) -> None:
        self._call = call
        self._screen = screen
        self._typed = typed
        self._answered = asyncio.Event()

    async def run(self) -> None:
        """Answer every line, to the end of the input. Raises `CallError`."""
        await first_of(self._listen(), self._ask())

    async def _ask(self) -> None:
        async for line in self._typed:
            if line.strip():
                self._answered.clear()
                with suppress(ConnectionLost):
                    await self._call.text(line)
                await self._answered.wait()

    async def _listen(self) -> None:
        async for event in self._call:
            self._screen.take(event)
            await self._play(event)
            if isinstance(event, ReplyDone | Error | Reconnected):
                self._answered.set()
        raise ConnectionLost("The server has ended the conversation.")

    async def _play(self, event: Event) -> None:
        match event:
            case Audio(stream=stream, position=position, samples=samples):
                await self._call.played(stream, position + len(samples))
            case AudioDone(stream=stream, total_samples=total):
                await self._call.played(stream, total, "drained")


async def first_of(*activities: Coroutine[Any, Any, None]) -> None:
    """Run all until the first ends, then end the others. Raises what it raised."""
    tasks = [asyncio.create_task(activity) for activity in activities]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()
