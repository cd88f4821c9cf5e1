"""What operators want to know about language models; whoever counts it implements `ChatWatcher`."""

from typing import Protocol

from models.llm import ChatFailure, Completed


class ChatWatcher(Protocol):
    """Is told what happens, on the event loop. Must not block, and must not raise.

    `endpoint` is the model's `name`.
    """

    def replied(self, endpoint: str, completed: Completed) -> None:
        """A reply is whole."""
        ...

    def failed(self, endpoint: str, failure: ChatFailure) -> None:
        """A reply broke."""
        ...

    def warmed(self, endpoint: str, completed: Completed) -> None:
        """A prompt was sent ahead, to be in the cache when its reply is wanted."""
        ...

    def limit_hit(self, limit: str) -> None:
        """One of our bounds was reached."""
        ...

    def rested(self, endpoint: str, resting: bool) -> None:
        """An endpoint is left alone after failures, or is trusted again."""
        ...

    def restarted(self, endpoint: str) -> None:
        """A server of ours ended, and is started again."""
        ...


class NobodyWatches:
    """A `ChatWatcher` that looks away."""

    def replied(self, endpoint: str, completed: Completed) -> None:
        """See `ChatWatcher`."""

    def failed(self, endpoint: str, failure: ChatFailure) -> None:
        """See `ChatWatcher`."""

    def warmed(self, endpoint: str, completed: Completed) -> None:
        """See `ChatWatcher`."""

    def limit_hit(self, limit: str) -> None:
        """See `ChatWatcher`."""

    def rested(self, endpoint: str, resting: bool) -> None:
        """See `ChatWatcher`."""

    def restarted(self, endpoint: str) -> None:
        """See `ChatWatcher`."""
