"""The table in CONFORMANCE.md is true, and whoever sends such things disturbs nobody else."""

import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conformance.table import CASES, FILE, our_server, outcomes, rendered
from tests.support.scrape import scrape_until
from tests.support.voice_client import connected
from voice_server.bench.load.bare_echo import bare_echo

pytestmark = pytest.mark.socket

CERTIFICATE = Path("voice-server", "tls", "self-signed.pem")
"""In the cache."""


def surprises(told: Sequence[str]) -> list[str]:
    """What came otherwise than it should."""
    return [
        f"{case.group}, {case.name}: {word} instead of {case.expected}"
        for case, word in zip(CASES, told, strict=True)
        if word != case.expected
    ]


async def test_every_case_ends_as_it_should_and_nobody_else_notices() -> None:
    with our_server() as server, bare_echo() as (bare_port, _):
        async with connected(server.url) as witness:
            await witness.send("text", text="Hello.")
            ours = await outcomes(server.port)
            done = await witness.wait_for("response.done")
            await scrape_until(server.url, lambda counted: counted["voice_server_sessions"] == 1)
        theirs = await outcomes(bare_port)
    assert surprises(ours) == []
    assert done["status"] == "completed"
    assert witness.events("error") == []
    assert "Traceback" not in server.log
    assert "ERROR" not in server.log
    assert rendered(ours, theirs) == FILE.read_text(), "run: scripts/conformance"


async def test_under_tls_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with our_server("--tls-self-signed") as server:
        tls = ssl.create_default_context(cafile=tmp_path / CERTIFICATE)
        assert surprises(await outcomes(server.port, tls)) == []


def test_cases_are_many_and_have_names_of_their_own() -> None:
    names = [(case.group, case.name) for case in CASES]
    assert len(set(names)) == len(names) >= 150
