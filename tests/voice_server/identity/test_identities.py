"""The parts together: what was revoked reaches the door and those who talk."""

import asyncio
from pathlib import Path

import pytest

from voice_server import events as ev
from voice_server.identity.identities import Identities
from voice_server.identity.identity import Identity
from voice_server.identity.revocations import RevocationFile
from voice_server.settings import AuthSettings, Settings

pytestmark = pytest.mark.pure


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
