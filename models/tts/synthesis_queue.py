"""Where sentences are made: places shared with other models, whoever waits in silence first.

On a CPU the voice and the recogniser want the same cores. Behind one scheduler a caller who hears
nothing yet comes before captions, and after those whose question is still being understood; the
rest of a reply, which is made ahead of what is being played, comes next.
"""

from collections.abc import Callable
from typing import TypeVar

from models.scheduler import Closed, Expired, Overloaded, Poisonous, Priority, Scheduler
from models.tts import SynthesisError

T = TypeVar("T")

DEADLINE_S = 10.0
"""A sentence that waits longer is not missed any more."""


class SynthesisQueue:
    """Runs the slow steps of a voice in worker threads."""

    def __init__(self, scheduler: Scheduler, *, deadline_s: float = DEADLINE_S) -> None:
        """The scheduler is closed by whoever made it."""
        self._scheduler = scheduler
        self._deadline_s = deadline_s

    async def make(self, step: Callable[[], T], *, urgent: bool) -> T:
        """Run a step that releases the interpreter lock, and return what it returns.

        `urgent`: somebody hears nothing until it is done. Raises `SynthesisError` where it is not
        done in time, and whatever the step raises. Cancelling lets a step in work end unheard.
        """
        priority = Priority.FIRST_CLAUSE if urgent else Priority.CLAUSE
        try:
            return await self._scheduler.run(priority, object(), step, deadline_s=self._deadline_s)
        except (Closed, Expired, Overloaded, Poisonous) as error:
            raise SynthesisError(str(error)) from None
