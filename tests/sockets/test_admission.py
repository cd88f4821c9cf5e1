"""Who is let in, and how the others are told."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest

from tests.support.raw_socket import raw_socket
from tests.support.scrape import scrape_until
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import connected, hello

pytestmark = pytest.mark.socket

KEY = "correct-horse-battery-staple"
KIOSK = "https://kiosk.example"


@pytest.fixture(scope="module")
def guarded() -> Iterator[ServerProcess]:
    """A server with a key, a friend, and three places, two of them for one address."""
    settings = {
        "auth.keys": f'["{KEY}"]',
        "server.allowed_origins": f'["{KIOSK}"]',
        "limits.sessions_max": "3",
        "limits.sessions_per_ip_max": "2",
    }
    options = (word for item in settings.items() for word in ("--set", "=".join(item)))
    with ServerProcess(*SCRIPTED, *options) as server:
        yield server


async def refusal(
    server: ServerProcess, headers: dict[str, str], path: str = "v1/voice"
) -> tuple[int, dict[str, str]]:
    """What a program that is no browser gets instead of the upgrade."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{server.url}{path}", headers=headers) as response,
    ):
        error: dict[str, str] = (await response.json())["error"]
        assert response.status >= 400
        return response.status, error


async def nobody_is_in(server: ServerProcess) -> None:
    """A place is free a moment after its client has left."""
    await scrape_until(server.url, lambda counted: counted["voice_server_sessions"] == 0)


# Keys ----------------------------------------------------------------------------------------

WRONG_KEYS = {
    "none": {},
    "empty": {"Authorization": "Bearer "},
    "truncated": {"Authorization": f"Bearer {KEY[:-1]}"},
    "longer": {"Authorization": f"Bearer {KEY}!"},
    "long": {"Authorization": f"Bearer {'k' * 4000}"},
    "other case": {"Authorization": f"Bearer {KEY.upper()}"},
    "basic": {"Authorization": f"Basic {KEY}"},
    "not ascii": {"Authorization": "Bearer ключ"},
    "subprotocol": {"Sec-WebSocket-Protocol": f"voice.v1, token.{KEY}x"},
}


async def test_every_wrong_key_gets_the_same_answer(guarded: ServerProcess) -> None:
    answers = {name: await refusal(guarded, headers) for name, headers in WRONG_KEYS.items()}
    assert {status for status, _ in answers.values()} == {401}
    assert {error["code"] for _, error in answers.values()} == {"unauthorized"}
    assert len({error["message"] for _, error in answers.values()}) == 1


async def test_a_key_in_the_address_opens_nothing(guarded: ServerProcess) -> None:
    status, _ = await refusal(guarded, {}, f"v1/voice?token={KEY}&key={KEY}")
    assert status == 401


@pytest.mark.parametrize("path", ["v1/voice", "ws"])
async def test_the_key_opens_by_header(guarded: ServerProcess, path: str) -> None:
    await nobody_is_in(guarded)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with connected(guarded.url, path=path, greet=path != "ws", headers=headers) as client:
        await client.send("ping")
        await client.wait_for("pong")


async def test_the_key_opens_by_subprotocol_and_is_not_echoed(guarded: ServerProcess) -> None:
    await nobody_is_in(guarded)
    protocols = ("voice.v1", f"token.{KEY}")
    async with connected(guarded.url, protocols=protocols) as client:
        assert client.socket.protocol == "voice.v1"


async def test_a_page_without_key_is_told_on_the_socket(guarded: ServerProcess) -> None:
    """A script cannot see the status of a failed upgrade."""
    async with connected(guarded.url, greet=False, headers={"Origin": KIOSK}) as client:
        error = await client.wait_for("error")
        assert await client.closed() == 4501
    assert (error["code"], error["fatal"]) == ("unauthorized", True)


# Places --------------------------------------------------------------------------------------


@asynccontextmanager
async def session_from(server: ServerProcess, address: str) -> AsyncIterator[int]:
    """Sit in a place, coming from one of this machine's own addresses; yields the status."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(connector=connector) as http:
        try:
            socket = await http.ws_connect(f"{server.url}v1/voice", headers=headers)
        except aiohttp.WSServerHandshakeError as error:
            yield error.status
            return
        async with socket:
            await socket.send_json(hello())
            await socket.receive_json()
            yield 101


async def statuses(server: ServerProcess, addresses: Sequence[str]) -> list[int]:
    async with AsyncExitStack() as stack:
        return [
            await stack.enter_async_context(session_from(server, address)) for address in addresses
        ]


async def test_places_are_few_and_free_again_afterwards(guarded: ServerProcess) -> None:
    one, two, three = "127.0.0.1", "127.0.0.2", "127.0.0.3"
    for _ in range(2):
        await nobody_is_in(guarded)
        assert await statuses(guarded, [one, one, one, two, three]) == [101, 101, 429, 101, 503]


async def test_a_full_house_is_told_to_pages_too(guarded: ServerProcess) -> None:
    await nobody_is_in(guarded)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with session_from(guarded, "127.0.0.1"), session_from(guarded, "127.0.0.1"):
        status, error = await refusal(guarded, headers)
        assert (status, error["code"]) == (429, "rate_limited")
        from_page = {**headers, "Origin": KIOSK}
        async with connected(guarded.url, greet=False, headers=from_page) as client:
            told = await client.wait_for("error")
            assert await client.closed() == 4029
        async with session_from(guarded, "127.0.0.2"), aiohttp.ClientSession() as http:
            async with http.get(f"{guarded.url}readyz") as response:
                assert response.status == 503
            async with http.get(f"{guarded.url}v1/voice", headers=headers) as response:
                assert response.status == 503
                assert int(response.headers["Retry-After"]) > 0
    assert told["code"] == "rate_limited"


# Names and origins ---------------------------------------------------------------------------

OWN = "http://127.0.0.1:{port}"

ORIGINS = {
    OWN: True,
    "https://127.0.0.1:{port}": True,
    "HTTP://127.0.0.1:{port}": True,
    KIOSK: True,
    f"{KIOSK}:443": True,
    "https://KIOSK.example": True,
    "null": False,
    "": False,
    "http://127.0.0.1": False,
    "http://127.0.0.1:1": False,
    "http://localhost:{port}": False,
    "http://127.0.0.1:{port}.evil.example": False,
    "http://evil.example": False,
    "http://evil.example:{port}": False,
    "http://kiosk.example": False,
    f"{KIOSK}:8443": False,
    f"{KIOSK}.evil.example": False,
    "https://evilkiosk.example": False,
    "https://evil.example/kiosk.example": False,
    "https://kiosk.example@evil.example": False,
    "https://kiosk.example#evil": False,
    "https://kıosk.example": False,
    "file://": False,
    "chrome-extension://kiosk.example": False,
    "//kiosk.example": False,
}


async def test_only_our_own_pages_and_friends_may_come(guarded: ServerProcess) -> None:
    port = str(guarded.port)
    for pattern, friend in ORIGINS.items():
        origin = pattern.replace("{port}", port)
        headers = {"Authorization": f"Bearer {KEY}", "Origin": origin}
        if friend:
            await nobody_is_in(guarded)
            async with connected(guarded.url, headers=headers):
                pass
        else:
            status, error = await refusal(guarded, headers)
            assert (status, error["code"]) == (403, "origin_denied"), origin


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example"])
async def test_a_name_that_was_pointed_at_us_is_refused(scripted: ServerProcess, host: str) -> None:
    """DNS rebinding: the page's own name leads here, so its origin looks like ours."""
    headers = {"Host": host, "Origin": f"http://{host}"}
    status, error = await refusal(scripted, headers)
    assert (status, error["code"]) == (403, "origin_denied")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_the_names_of_this_machine_are_ours(scripted: ServerProcess, host: str) -> None:
    async with raw_socket(scripted.port, Host=f"{host}:{scripted.port}") as socket:
        await socket.send_json(type="hello")
        await socket.wait_for("ready")
