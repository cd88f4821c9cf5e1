"""Keys that are good for one connection: a function is asked for the next one, each time."""

import inspect
from collections.abc import Awaitable, Callable

import aiohttp

from voice_server.client.errors import ConnectionRefused

Key = str | Callable[[], str | Awaitable[str]] | None
"""A key or token; or what fetches one, plain or async, such as a function that asks your own server
for a ticket. It is called for every connection, so that tickets that work once, and tokens that
expire, do not end a call. Where it raises `OSError` or aiohttp's `ClientError` it is asked again,
as a server is that does not answer; a `CallError` ends the call."""


async def fresh(key: Key) -> str | None:
    """The key for one connection. Raises `CallError`."""
    if not callable(key):
        return key
    try:
        fetched = key()
        return await fetched if inspect.isawaitable(fetched) else fetched
    except (aiohttp.ClientError, OSError) as error:
        message = f"No key could be fetched: {type(error).__name__}."
        raise ConnectionRefused(message) from error
