"""Real connections break, and the session goes on over the next one."""

import socket
from collections.abc import Iterator

import pytest

from tests.support.raw_socket import raw_socket
from tests.support.scrape import scrape_until
from tests.support.server import ServerProcess
from tests.support.servers import BRISK, SCRIPTED
from tests.support.voice_client import FEATURES, Json, VoiceClient, connected, hello

pytestmark = pytest.mark.socket

DETACHED = "voice_server_detached"
SESSIONS = "voice_server_sessions"


@pytest.fixture(scope="module")
def small() -> Iterator[ServerProcess]:
    """A server with one place, and little patience."""
    limits = ("--set", "limits.sessions_max=1", "--set", "limits.resume_s=3")
    with ServerProcess(*SCRIPTED, *BRISK, *limits) as server:
        yield server


def opening(**resume: object) -> Json:
    asked = {**hello(framing="framed", features=(*FEATURES, "resume")), "resume": resume or None}
    return {name: value for name, value in asked.items() if value is not None}


def break_line(client: VoiceClient) -> None:
    """Without a word."""
    client.socket.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def seen(client: VoiceClient) -> Json:
    """What to say when coming back."""
    ready = client.events("ready")[-1]
    last = max(arrival.event.get("sn", 0) for arrival in client.log)
    token = ready["resume"]["token"]
    return {"session": ready["session"], "token": token, "last_sn": last, "required": True}


async def test_a_story_is_heard_to_its_end_over_two_connections(small: ServerProcess) -> None:
    async with connected(small.url, opening()) as first:
        await first.send("say", text="This is a story that goes on for a while.")
        await first.wait_for("audio")
        break_line(first)
        await first.closed()
    resume = seen(first)
    path = f"v1/voice?sid={resume['session']}"
    async with connected(small.url, opening(**resume), path=path) as second:
        await second.wait_for("response.done")
        await second.send("bye")
        assert await second.closed() == 1000
    numbers = [a.event["sn"] for client in (first, second) for a in client.log if "sn" in a.event]
    assert numbers == list(range(1, len(numbers) + 1))
    await scrape_until(small.url, lambda found: found[SESSIONS] == 0)


async def test_a_lost_session_keeps_its_place_for_a_while(small: ServerProcess) -> None:
    async with connected(small.url, opening()) as first:
        break_line(first)
        await first.closed()
    await scrape_until(small.url, lambda found: found[DETACHED] == 1)
    with pytest.raises(ConnectionError, match="503"):
        async with raw_socket(small.port):
            pass
    await scrape_until(small.url, lambda found: found[DETACHED] == 0)
    async with connected(small.url, opening()) as other:
        await other.send("bye")
        await other.closed()


async def test_a_name_alone_opens_no_door_to_a_full_server(small: ServerProcess) -> None:
    async with connected(small.url, opening()) as first:
        ready = first.events("ready")[0]
        async with raw_socket(small.port, f"/v1/voice?sid={ready['session']}") as other:
            forged = {**seen(first), "token": "rt_guess", "required": False}
            await other.send_json(**opening(**forged))
            error = await other.wait_for("error")
            assert (error["code"], error["fatal"]) == ("no_capacity", True)
            assert await other.close_code() == 4053
        await first.send("bye")
        assert await first.closed() == 1000
