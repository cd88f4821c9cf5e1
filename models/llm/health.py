"""Whether a language model can be asked now, as far as can be known without asking it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

from models.llm import ChatModel


class ChatHealth(StrEnum):
    """What to expect of it."""

    READY = "ready"
    """Nothing speaks against it."""
    RESTING = "resting"
    """It failed several times in a row and is left alone for a while."""
    STARTING = "starting"
    """A server of our own that is being started again."""
    FAILED = "failed"
    """A server of our own that was given up, or ended."""


Healths = Sequence[tuple[str, ChatHealth]]
"""Names of language models and what to expect of each, in the order in which they are asked."""


@runtime_checkable
class HealthTeller(Protocol):
    """A `ChatModel` that knows how it is, or how those are that it is made of."""

    @property
    def healths(self) -> Healths:
        """One for each language model; never empty."""
        ...


def healths_of(chat: ChatModel) -> Healths:
    """How a language model is; one that does not know is taken to be ready."""
    return chat.healths if isinstance(chat, HealthTeller) else [(chat.name, ChatHealth.READY)]
