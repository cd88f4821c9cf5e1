"""One OpenAI-compatible speech server, asked over HTTP: for recognisers and voices elsewhere.

Keeps its connections open, bounds every wait, and turns every failure into one sentence that
names the server and never quotes what was said.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from models.errors import ModelError
from models.llm.chat_endpoints import headers, normalise, shown

CONNECT_TIMEOUT_S = 2.0
SILENCE_TIMEOUT_S = 20.0
"""The longest wait for the next byte of an answer."""
CONNECTIONS_MAX = 256


class EndpointError(Exception):
    """The server did not do it; the message is a sentence fit to show a user."""


class SpeechEndpoint:
    """The base of an API, e.g. `http://gpu:8000/v1`, and who asks there."""

    def __init__(self, base_url: str, api_key: str = "") -> None:
        """Connect to nothing yet. Raises `ModelError` for an address that cannot be one."""
        try:
            self._base = normalise(base_url)
        except ValueError as error:
            raise ModelError(f"{base_url[:200]!r} is no speech server: {error}.") from None
        self._headers = headers(api_key)
        self._session: aiohttp.ClientSession | None = None

    @property
    def host(self) -> str:
        """Host and port, for names."""
        return f"{self._base.host}:{self._base.port}"

    @asynccontextmanager
    async def asked(
        self, method: str, path: str, **content: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer with status 200, its body still to be read. Raises `EndpointError`."""
        where = shown(self._base)
        try:
            async with self._open().request(method, self._base / path, **content) as answer:
                if answer.status != 200:
                    raise EndpointError(f"{where} answers {answer.status}{_hint(answer.status)}.")
                yield answer
        except TimeoutError:
            raise EndpointError(f"{where} is silent for too long.") from None
        except aiohttp.ClientError as error:
            raise EndpointError(f"{where} cannot be used: {type(error).__name__}.") from None

    async def json(self, path: str) -> Mapping[str, Any]:
        """What `GET path` answers. Raises `EndpointError`."""
        async with self.asked("GET", path) as answer:
            try:
                found = await answer.json(content_type=None)
            except ValueError:
                found = None
        if not isinstance(found, dict):
            raise EndpointError(f"{shown(self._base)} answers something else than JSON.")
        return found

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            timeout = aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=SILENCE_TIMEOUT_S
            )
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                timeout=timeout,
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
            )
        return self._session


def _hint(status: int) -> str:
    hints = {401: ": it wants a key", 403: ": it wants another key", 404: ": check the address"}
    return hints.get(status, "")
