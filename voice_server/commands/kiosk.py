"""`voice-server talk --kiosk`: a conversation that nobody attends to.

It begins without a server and without a sound device, and waits for both; it comes back to them for
ever, ever more slowly. What only a person can put right (an address that is none) ends it.
"""

import asyncio
import random
import signal
from collections.abc import Callable
from contextlib import suppress

from rich.console import Console

from voice_server.client.call import Call
from voice_server.client.errors import BadAddress, BadCertificate, CallError
from voice_server.client.events import Event, Reconnecting
from voice_server.client.reconnection import Reconnection
from voice_server.client.sound_card import SoundCard, SoundError
from voice_server.commands.keyboard import KEYS_WAITING_MAX
from voice_server.commands.kiosk_states import CONNECTING, NO_SOUND, RECONNECTING, KioskStates
from voice_server.commands.state_hook import StateHook
from voice_server.commands.talk_loop import QUIT, SpokenTalk, first_of
from voice_server.commands.talk_screen import Screen

BACK_OFF = Reconnection(attempts_max=None, at_first=True, shortest_s=0.5, longest_s=30.0)
"""Between two conversations, and between two tries to find a sound device."""

STEADY_S = 60.0
"""After a conversation of this length the next one begins soon again."""


class KioskScreen(Screen):
    """One status line, and a hook that is told of every change."""

    def __init__(self, console: Console, hook: StateHook) -> None:
        super().__init__(console, kiosk=True)
        self._states = KioskStates()
        self._hook = hook
        hook.tell(CONNECTING)

    def take(self, event: Event) -> None:
        """Show it, and tell it."""
        super().take(event)
        state = self._states.take(event)
        if state != RECONNECTING:  # that line says more by itself
            self.show(state)
        self._hook.tell(state)

    def interrupted(self, state: str, reason: str, delay_s: float, attempt: int) -> None:
        """Nothing goes until it is tried again."""
        super().take(Reconnecting(delay_s, attempt, reason))
        self._hook.tell(state)


class Kiosk:
    """One device."""

    def __init__(
        self,
        find_card: Callable[[], SoundCard],
        begin_call: Callable[[SoundCard], Call],
        screen: KioskScreen,
        keys: asyncio.Queue[str],
        back_off: Reconnection = BACK_OFF,
    ) -> None:
        self._find_card = find_card
        self._begin_call = begin_call
        self._screen = screen
        self._keys = keys
        self._passed_on: asyncio.Queue[str] = asyncio.Queue(KEYS_WAITING_MAX)
        self._back_off = back_off

    async def run(self) -> None:
        """Talk until a key or SIGTERM ends it. Raises `BadAddress` and `BadCertificate`."""
        loop, leave = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, leave.set)
        try:
            await first_of(self._stand(), self._obey_keys(), _set(leave))
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    async def _obey_keys(self) -> None:
        while (key := await self._keys.get()) not in QUIT:
            with suppress(asyncio.QueueFull):
                self._passed_on.put_nowait(key)

    async def _stand(self) -> None:
        clock, attempt = asyncio.get_running_loop().time, 0
        while True:
            began = clock()
            state, reason = await self._talk()
            attempt = 0 if clock() - began >= STEADY_S else attempt + 1
            delay_s = self._back_off.delay_s(attempt, random.uniform(0.5, 1.0))
            self._screen.interrupted(state, reason, delay_s, attempt)
            await asyncio.sleep(delay_s)

    async def _talk(self) -> tuple[str, str]:
        """One conversation, to its end: the state that it leaves, and why it ended."""
        try:
            card = self._find_card()
            with card:
                async with self._begin_call(card) as call:
                    talk = SpokenTalk(call, card, self._screen, self._passed_on, push_to_talk=False)
                    await talk.run()
        except SoundError as error:
            return NO_SOUND, str(error)
        except (BadAddress, BadCertificate):
            raise
        except CallError as error:
            return RECONNECTING, str(error)
        return RECONNECTING, "The server has ended the conversation."


async def _set(leave: asyncio.Event) -> None:
    await leave.wait()
