"""The language model that a vLLM of our own serves."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from models.llm import ChatError, ChatFailure, ChatOptions, Message, ReplyPiece
from models.llm.health import ChatHealth, Healths
from models.llm.http_chat import HttpChat
from models.llm.vllm.server import ServerState, VllmServer

_NOT_NOW = {
    ServerState.STARTING: "vLLM has ended and is being started again.",
    ServerState.FAILED: "vLLM ended too often and was given up. Restart the server.",
    ServerState.CLOSED: "vLLM was ended: the server is shutting down.",
}
_HEALTHS = {
    ServerState.STARTING: ChatHealth.STARTING,
    ServerState.READY: ChatHealth.READY,
    ServerState.FAILED: ChatHealth.FAILED,
    ServerState.CLOSED: ChatHealth.FAILED,
}


class VllmChat:
    """A `ChatModel`, `PrefixWarmer` and `HealthTeller` that owns its server."""

    def __init__(self, server: VllmServer, chat: HttpChat) -> None:
        """`chat` is a client of `server`."""
        self.server = server
        self._chat = chat

    @property
    def name(self) -> str:
        """`vllm:` and the model's name."""
        return self._chat.name

    @property
    def healths(self) -> Healths:
        """See `HealthTeller.healths`."""
        return [(self.name, _HEALTHS[self.server.state])]

    async def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[ReplyPiece, None]:
        """See `ChatModel.reply`. While vLLM is being started again it fails at once."""
        if self.server.state is not ServerState.READY:
            raise ChatError(ChatFailure.UNREACHABLE, _NOT_NOW[self.server.state])
        async with aclosing(self._chat.reply(messages, options)) as pieces:
            async for piece in pieces:
                yield piece

    async def warm(self, messages: Sequence[Message], options: ChatOptions) -> bool:
        """See `PrefixWarmer.warm`."""
        ready = self.server.state is ServerState.READY
        return ready and await self._chat.warm(messages, options)

    async def close(self) -> None:
        """Close all connections, and end vLLM."""
        await self._chat.close()
        await self.server.close()
