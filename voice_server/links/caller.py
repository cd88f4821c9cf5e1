"""Somebody who was let in, until it is known what they want."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from voice_server.admission import Admission
from voice_server.identity.visit import Visit
from voice_server.links.manners import Manners
from voice_server.wires.wire import Wire


class Place:
    """The place of one visitor among all: taken once, given back when the stay is over."""

    def __init__(self, admission: Admission, visit: Visit, address: str) -> None:
        self._admission = admission
        self._visit = visit
        self._address = address
        self._stay = AsyncExitStack()
        self._taken = False

    async def take(self, *, returns: bool = False) -> None:
        """Take it, unless it is taken; `returns`: was let in elsewhere. Raises `Denied`."""
        if not self._taken:
            identity, session = self._visit.identity, self._visit.session
            place = self._admission.place(identity, self._address, session, returns=returns)
            await self._stay.enter_async_context(place)
            self._taken = True

    def hand_over(self) -> AsyncExitStack:
        """Whoever has it from now on closes this."""
        return self._stay.pop_all()

    async def give_back(self) -> None:
        """If it was taken, and not handed over."""
        self._taken = False
        await self._stay.aclose()


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known about one new connection besides its line."""

    wire: Wire
    visit: Visit
    place: Place
    manners: Manners
