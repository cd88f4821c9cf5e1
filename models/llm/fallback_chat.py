"""Several language models, best first: when one fails before it says anything, the next answers.

Each has a breaker, so that one which is down costs its timeout a few times and not at every turn.
A refusal (a conversation too long, a key that is wrong) goes on to the next model as well, but
opens no breaker: it is often one conversation's, and costs little. When all rest, the one that has
rested longest is asked, because an answer is worth more than a quick apology. Once a reply has
begun there is no way back: nobody wants to hear two beginnings.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from models.breaker import Breaker
from models.llm import (
    ChatError,
    ChatFailure,
    ChatModel,
    ChatOptions,
    Message,
    PrefixWarmer,
    ReplyPiece,
)
from models.llm.health import ChatHealth, Healths, healths_of
from models.llm.watcher import ChatWatcher, NobodyWatches


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When an endpoint is left alone, and for how long."""

    failures_max: int = 3
    rest_s: float = 20.0


class FallbackChat:
    """A `ChatModel`, `PrefixWarmer` and `HealthTeller` made of others."""

    def __init__(
        self,
        models: Sequence[ChatModel],
        limits: BreakerLimits | None = None,
        *,
        watcher: ChatWatcher | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """`models` are never empty; `clock` gives seconds, the running loop's by default."""
        limits = limits or BreakerLimits()
        self._links = [
            _Link(model, Breaker(limits.failures_max, limits.rest_s)) for model in models
        ]
        self._watcher: ChatWatcher = watcher or NobodyWatches()
        self._clock = clock or (lambda: asyncio.get_running_loop().time())

    @property
    def name(self) -> str:
        """The name of the model that would be asked first."""
        return self._links[0].model.name

    @property
    def healths(self) -> Healths:
        """See `HealthTeller.healths`."""
        return [health for link in self._links for health in link.healths]

    async def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[ReplyPiece, None]:
        """See `ChatModel.reply`. Raises what the last model that was asked raised."""
        links = self._order()
        for link in links:
            begun = False
            try:
                async with aclosing(self._attempt(link, messages, options)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
                return
            except ChatError:
                if begun or link is links[-1]:
                    raise

    async def warm(self, messages: Sequence[Message], options: ChatOptions) -> bool:
        """See `PrefixWarmer.warm`: the model that would be asked first, if it can."""
        model = self._order()[0].model
        return isinstance(model, PrefixWarmer) and await model.warm(messages, options)

    async def close(self) -> None:
        """Close all of them."""
        await asyncio.gather(*(link.model.close() for link in self._links))

    def _order(self) -> list["_Link"]:
        """Who is asked now, best first. Never empty."""
        now = self._clock()
        ready = [link for link in self._links if link.breaker.allows(now)]
        return ready or [min(self._links, key=lambda link: link.breaker.rests_until())]

    async def _attempt(
        self, link: "_Link", messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[ReplyPiece, None]:
        """One model's reply; its breaker learns how it went."""
        link.breaker.begin()
        told = False
        try:
            async with aclosing(link.model.reply(messages, options)) as pieces:
                async for piece in pieces:
                    if not told:
                        told = True
                        self._learn(link, link.breaker.succeeded)
                    yield piece
        except ChatError as error:
            if error.failure is not ChatFailure.REFUSED:
                told = True
                self._learn(link, lambda: link.breaker.failed(self._clock()))
            raise
        finally:
            if not told:
                link.breaker.left()

    def _learn(self, link: "_Link", lesson: Callable[[], None]) -> None:
        before = link.breaker.resting
        lesson()
        if link.breaker.resting is not before:
            self._watcher.rested(link.model.name, link.breaker.resting)


@dataclass(frozen=True, slots=True)
class _Link:
    model: ChatModel
    breaker: Breaker

    @property
    def healths(self) -> Healths:
        """What its breaker has learned, unless the model itself knows better."""
        resting, ready = self.breaker.resting, ChatHealth.READY
        return [
            (name, ChatHealth.RESTING if resting and health is ready else health)
            for name, health in healths_of(self.model)
        ]
