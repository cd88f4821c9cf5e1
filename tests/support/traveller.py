"""An honest client on a bad journey, in virtual time: it loses lines, comes back, keeps account.

What holds on any journey is asserted while it travels, and by `arrive`.
"""

import asyncio
import json
from itertools import count
from typing import Any

from tests.support.numbered import FRAME_SAMPLES, Conservation, numbered
from tests.support.party import PaperLine, Party, pcm
from voice_server.closes import GOING_AWAY, NORMAL

MESSAGE_FRAMES = 10
SETTLED_S = 30.0
"""Whatever was asked has been answered by then."""
OVER = ("response.truncated", "response.done", "metrics", "heard")
"""What may still be said of a reply that was stopped."""


class Traveller:
    """One client of a party; make it with `set_out`."""

    def __init__(self, party: Party, line: PaperLine) -> None:
        self._party = party
        self._lines = [line]
        """Of the present session."""
        self._spoken = 0
        """Frames of 10 ms, of the present session."""
        self._ids = count(1)
        self.sessions = 1

    @classmethod
    async def set_out(cls, party: Party) -> "Traveller":
        """Connect for the first time."""
        line = await party.connect()
        await line.expect("ready", resumed=False)
        return cls(party, line)

    @property
    def line(self) -> PaperLine:
        """The newest."""
        return self._lines[-1]

    # What it does ----------------------------------------------------------------------------

    async def speak(self, frames: int) -> None:
        """Say so much more, faster than it can be said."""
        await self._be_connected()
        self._utter(self._spoken, frames)
        self._spoken += frames
        await asyncio.sleep(0.01)

    async def ask(self, **message: object) -> None:
        """Send any message, with an id: it is obeyed once."""
        await self._be_connected()
        self.line.say(json.dumps({**message, "id": f"m{next(self._ids)}"}))
        await asyncio.sleep(0.01)

    async def go_deaf(self) -> None:
        """The network swallows everything, and nobody knows yet."""
        self.line.go_deaf()

    async def cut(self) -> None:
        """The connection breaks."""
        self.line.cut()

    async def wait(self, seconds: float) -> None:
        """Do nothing."""
        await asyncio.sleep(seconds)

    async def come_back(self) -> None:
        """Take another line, whether or not the present one has broken: as a second tab does."""
        lost = self.line
        line = await self._party.come_back(lost)
        ready = await line.expect("ready")
        if not ready["resumed"]:
            self._check_session()
            self.sessions += 1
            self._lines, self._spoken = [line], 0
            return
        self._lines.append(line)
        first = ready["resume"]["input_pos"] // FRAME_SAMPLES
        self._utter(first, self._spoken - first)
        await asyncio.sleep(1)
        assert not lost.open, "two lines have one session"

    async def meet_a_stranger(self, **forged: object) -> None:
        """Somebody who knows the session's name, and nothing else, tries to have it."""
        was_open = self.line.open
        stranger = await self._party.come_back(self.line, **forged)
        await stranger.expect("ready", resumed=False)
        stranger.hang_up()
        assert self.line.open is was_open, "a stranger has disturbed somebody"

    async def arrive(self) -> None:
        """Say the last word, wait for all answers, and check that nothing is missing."""
        await self._be_connected()
        if self.line.lossy:
            await self.come_back()
        self.line.say('{"type":"audio.commit"}')
        await asyncio.sleep(SETTLED_S)
        await self._be_connected()
        self._check_session()
        self._check_finals()

    async def _be_connected(self) -> None:
        if not self.line.open:
            await self.come_back()

    def _utter(self, first: int, frames: int) -> None:
        for start in range(first, first + frames, MESSAGE_FRAMES):
            some = min(MESSAGE_FRAMES, first + frames - start)
            self.line.say(pcm(numbered(start, some), start * FRAME_SAMPLES))

    # What has to hold ------------------------------------------------------------------------

    def _events(self) -> list[dict[str, Any]]:
        return [event for line in self._lines for event in line.events]

    def _check_session(self) -> None:
        """Of one session, as far as the client has come with it."""
        numbers = [event["sn"] for event in self._events() if "sn" in event]
        assert numbers == list(range(1, len(numbers) + 1)), "events are missing, or came twice"
        self._check_replies()
        for line in self._lines:
            if line.closed not in (None, NORMAL, GOING_AWAY) and not line.lossy:
                assert any(error["fatal"] for error in line.all("error")), line.closed

    def _check_replies(self) -> None:
        """Nothing of a reply follows its end but what became of it."""
        done: set[object] = set()
        for event in self._events():
            reply = event.get("response")
            assert reply not in done or event["type"] in OVER, event
            if event["type"] == "response.done":
                done.add(reply)

    def _check_finals(self) -> None:
        conservation = Conservation()
        for event in self._events():
            if event["type"] == "transcript.final":
                conservation.final(event["text"])
        assert (conservation.lost(self._spoken), conservation.doubled()) == ("", "")
