"""Where keys come from: given, fetched, fetched in vain."""

import itertools

import aiohttp
import pytest

from voice_server.client.errors import ConnectionRefused
from voice_server.client.keys import fresh

pytestmark = pytest.mark.pure


async def test_a_key_is_itself() -> None:
    assert await fresh("key") == "key"
    assert await fresh(None) is None


async def test_a_function_is_asked_each_time() -> None:
    numbers = itertools.count()

    async def ticket() -> str:
        return f"tk_{next(numbers)}"

    assert [await fresh(ticket), await fresh(lambda: "plain"), await fresh(ticket)] == [
        "tk_0",
        "plain",
        "tk_1",
    ]


@pytest.mark.parametrize("trouble", [ConnectionResetError("x"), aiohttp.ClientPayloadError("x")])
async def test_whoever_cannot_fetch_one_may_try_again(trouble: Exception) -> None:
    async def ticket() -> str:
        raise trouble

    with pytest.raises(ConnectionRefused, match=type(trouble).__name__) as refused:
        await fresh(ticket)
    assert refused.value.may_come_back
