"""Clients that do not read what they are told (P7, P8, R-07): cut off, with the reason."""

import asyncio
from typing import Any

import pytest

from models.scripted import ChatScript, VoiceScript
from tests.support.party import FEATURES, PaperLine, Party, tell_party

pytestmark = pytest.mark.story

TELLER: dict[str, Any] = {
    "chat": ChatScript((" ".join(f"Sentence {number} of a long story." for number in range(12)),)),
    "voice": VoiceScript(),
}


async def listening(party: Party, features: tuple[str, ...] = FEATURES) -> PaperLine:
    """A client to which a story is told."""
    line = await party.connect(features=features)
    await line.expect("ready")
    line.say('{"type":"text","text":"Tell me a story."}')
    await line.expect("audio")
    return line


def test_whoever_begins_to_read_again_learns_why_and_comes_back() -> None:
    async def plot(party: Party) -> None:
        slow = await listening(party)
        slow.stop_reading()
        await asyncio.sleep(8)
        assert party.counted("limit_hits_total", limit="send_timeout") == 1
        slow.read_on()
        error = await slow.expect("error", code="slow_consumer")
        assert error["fatal"]
        assert await slow.ended() == 4010
        again = await party.come_back(slow)
        await again.expect("ready", resumed=True)
        await again.expect("response.done", status="completed")

    tell_party(plot, **TELLER)


@pytest.mark.parametrize("features", [("resume",), ()], ids=["resumes", "ends"])
def test_whoever_never_reads_is_gone_within_ten_seconds(features: tuple[str, ...]) -> None:
    async def plot(party: Party) -> None:
        slow = await listening(party, features)
        other = await party.connect()
        slow.stop_reading()
        begun = asyncio.get_running_loop().time()
        other.say('{"type":"text","text":"And me?"}')
        assert await slow.ended() is None
        assert asyncio.get_running_loop().time() - begun <= 10
        assert party.counted("errors_total", code="slow_consumer") == 1
        await other.expect("response.done", status="completed")

    tell_party(plot, **TELLER)


def test_a_box_that_is_full_is_explained_too() -> None:
    """It does not even get the time for one message: what waits is more than may wait."""

    async def plot(party: Party) -> None:
        slow = await listening(party)
        slow.stop_reading()
        for number in range(1000):
            slow.say(f'{{"type":"ping","t":{number}}}')
        await asyncio.sleep(3)
        slow.read_on()
        await slow.expect("error", code="slow_consumer")
        assert await slow.ended() == 4010
        assert party.counted("limit_hits_total", limit="out_queue_bytes") == 1

    limits = {"out_queue_bytes_max": 131_072, "control_messages_per_s": 1000}
    tell_party(plot, {"limits": limits}, **TELLER)


def test_a_server_that_stops_does_not_wait_for_the_slow() -> None:
    async def plot(party: Party) -> None:
        slow = await listening(party, ())
        slow.stop_reading()
        await asyncio.sleep(6)
        begun = asyncio.get_running_loop().time()
        await party.close()
        assert asyncio.get_running_loop().time() == begun
        assert not slow.open

    tell_party(plot, **TELLER)
