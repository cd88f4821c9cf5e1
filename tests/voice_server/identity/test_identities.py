"""The parts together: what was revoked reaches the door and those who talk."""

import asyncio
import logging
from pathlib import Path

import pytest

from tests.support.store_clock import BrokenStore, HandClock
from voice_server import events as ev
from voice_server.identity.identities import Identities
from voice_server.identity.identity import Identity
from voice_server.identity.memory_store import MemoryStore
from voice_server.identity.revocations import RevocationFile
from voice_server.identity.store import StoreUnavailable
from voice_server.settings import AuthSettings, Settings

pytestmark = pytest.mark.pure


class FailingStore(MemoryStore):
    """One that remembers nothing while it fails."""

    failing = True

    async def check(self) -> None:
        """As in `Store`."""
        if self.failing:
            raise StoreUnavailable("switched off")


def identities(file: Path) -> Identities:
    return Identities(Settings(auth=AuthSettings(revoked_file=file, recheck_s=0.01)))


async def test_what_is_revoked_reaches_everybody(tmp_path: Path) -> None:
    file = tmp_path / "revoked"
    here = identities(file)
    told = asyncio.get_running_loop().create_future()
    here.live.add("ses_1", Identity("alice", "key"), told.set_result)
    watching = asyncio.create_task(here.watch())
    RevocationFile(file).append("alice", 1.0)
    assert isinstance(await told, ev.ErrorRaised)
    assert here.doorkeeper.revocations == {"alice": 1.0}
    watching.cancel()


async def test_what_cannot_be_seen_is_said_once_and_forgives_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "revoked"
    here = identities(file)
    RevocationFile(file).append("alice", 1.0)
    await here.look()
    file.unlink()
    file.mkdir()
    await here.look()
    await here.look()
    assert len(caplog.records) == 1
    assert here.doorkeeper.revocations == {"alice": 1.0}
    file.rmdir()
    await here.look()
    assert here.doorkeeper.revocations == {}


async def test_r20_a_store_that_fails_is_said_once_and_again_when_it_is_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = FailingStore(HandClock())
    here = Identities(Settings(), store=store)
    with caplog.at_level(logging.INFO):
        await here.look()
        await here.look()
        assert here.trouble == "switched off"
        store.failing = False
        await here.look()
    assert here.trouble == ""
    assert [record.message for record in caplog.records] == [
        "the store fails: nobody new is let in",
        "the store is well again",
    ]


async def test_r20_a_store_that_fails_is_noticed_by_whoever_comes_first() -> None:
    """Otherwise they would wait for it once to be known, and again to be refused."""
    store = BrokenStore(HandClock())
    here = Identities(Settings(), store=store)
    states = [here.forgetful]
    await here.doorkeeper.guesses.total("192.0.2.1")
    states.append(here.forgetful)
    store.broken = False
    await here.look()
    assert [*states, here.forgetful] == [False, True, False]


async def test_s12_what_another_process_revokes_is_looked_at_at_once() -> None:
    store = MemoryStore(HandClock())
    here = Identities(Settings(auth=AuthSettings(recheck_s=60)), store=store)
    told = asyncio.get_running_loop().create_future()
    here.live.add("ses_1", Identity("alice", "key"), told.set_result)
    watching = asyncio.create_task(here.watch())
    await store.revoke("alice", 1.0)
    assert isinstance(await told, ev.ErrorRaised)
    watching.cancel()
