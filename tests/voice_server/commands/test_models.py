"""`voice-server models`: the real command, with the real `huggingface_hub`, at a stand-in hub."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from models.catalog import VOICE_REPO, voice_model
from models.hub import Hub, bundled_asr
from tests.support.hub import StandInHub, closed_port, stand_in_hub
from tests.support.server import ROOT
from voice_server.cli import application
from voice_server.settings import Settings

pytestmark = pytest.mark.socket

REPO = "voice-server-test/faster-whisper-tiny"
VOICE = voice_model("en_US-ljspeech-medium")


@dataclass(frozen=True)
class Operator:
    """Types commands, with a cache of their own."""

    cache: Path

    async def models(self, *words: str) -> Result:
        place = () if words[0] == "suggest" else ("--set", f"models.cache_dir={self.cache}")
        command = ["models", *words, *place]
        return await asyncio.to_thread(CliRunner().invoke, application, command)


@pytest.fixture
async def hub() -> AsyncIterator[StandInHub]:
    whisper = {path.name: path.read_bytes() for path in bundled_asr().iterdir()}
    voice = {VOICE.path: b"onnx" * 3_000_000, f"{VOICE.path}.json": b"{}"}
    async with stand_in_hub(StandInHub({REPO: whisper, VOICE_REPO: voice})) as hub:
        yield hub


@pytest.fixture
def operator(hub: StandInHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    def hub_of(settings: Settings) -> Hub:
        offline = settings.models.offline
        return Hub(cache_dir=settings.models.cache_dir, offline=offline, endpoint=hub.url)

    monkeypatch.setattr("voice_server.engines.hub_of", hub_of)
    return Operator(tmp_path)


async def test_models_come_are_checked_and_go(operator: Operator) -> None:
    pulled = await operator.models("pull", REPO, VOICE.id, "--json")
    assert pulled.exit_code == 0, pulled.stderr
    paths = {result["name"]: Path(result["path"]) for result in json.loads(pulled.stdout)}
    assert (paths[REPO] / "model.bin").is_file()
    assert paths[VOICE.id].is_file()
    shown = await operator.models("path", VOICE.id)
    assert shown.stdout.strip() == str(paths[VOICE.id])
    here = await operator.models("list", "--here", "--json")
    assert {row["name"] for row in json.loads(here.stdout)} == {"bundled", VOICE.id}
    checked = await operator.models("verify", REPO, VOICE.id, "--json")
    assert [result["state"] for result in json.loads(checked.stdout)] == ["intact", "intact"]
    removed = await operator.models("remove", REPO, VOICE.id, "--json")
    assert all(result["freed_bytes"] > 1_000_000 for result in json.loads(removed.stdout))
    assert not paths[VOICE.id].exists()
    assert not paths[REPO].exists()
    assert (await operator.models("remove", VOICE.id)).exit_code == 1


async def test_a_cut_download_goes_on_where_it_stopped(operator: Operator, hub: StandInHub) -> None:
    hub.cut_after_bytes = 11_000_000
    hub.cut_for_good = True
    broken = await operator.models("pull", VOICE.id)
    assert broken.exit_code == 2
    assert "Start again to resume" in broken.stderr
    hub.cut_after_bytes = None
    assert (await operator.models("pull", VOICE.id)).exit_code == 0
    assert hub.asked["range"] >= 1
    assert (await operator.models("verify", VOICE.id)).stdout == f"{VOICE.id} is intact.\n"


async def test_what_fails_does_not_stop_the_others(operator: Operator, hub: StandInHub) -> None:
    hub.damaged = frozenset({"model.bin"})
    pulled = await operator.models("pull", REPO, VOICE.id, "no_NO-where-low")
    assert pulled.exit_code == 2
    assert f"{VOICE.id} is at " in pulled.stdout
    assert "model.bin did not arrive as it was published" in pulled.stderr
    assert "no_NO-where-low cannot be fetched" in pulled.stderr
    assert "Traceback" not in pulled.stderr


async def test_no_room_is_said_before_the_first_byte(operator: Operator, hub: StandInHub) -> None:
    hub.claimed_bytes = {VOICE.path: 10**15}
    pulled = await operator.models("pull", VOICE.id)
    assert pulled.exit_code == 2
    assert "make room, or set models.cache_dir" in pulled.stderr
    assert hub.asked[VOICE.path] == 0


@pytest.mark.parametrize(
    ("status", "words"), [(401, "hf auth login"), (404, "Check the name"), (503, "answers 503")]
)
async def test_refusals_are_explained(
    operator: Operator, hub: StandInHub, status: int, words: str
) -> None:
    hub.status = status
    pulled = await operator.models("pull", REPO)
    assert pulled.exit_code == 2
    assert words in pulled.stderr
    assert "Traceback" not in pulled.stderr


async def test_a_hub_that_is_not_there_is_said_and_nothing_is_waited_for(tmp_path: Path) -> None:
    """As a process: `HF_ENDPOINT` is read as an operator would set it."""
    url = await closed_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voice_server", "models", "pull", "base"),
        *("--set", f"models.cache_dir={tmp_path}"),
        cwd=ROOT,
        env={**os.environ, "HF_ENDPOINT": url, "OMP_NUM_THREADS": "1"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert said.decode() == f"voice-server: base is not here and {url} cannot be reached.\n"


@pytest.mark.parametrize(("token", "exit_code"), [("secret", 0), ("", 2)])
async def test_mirror_proxy_and_token_are_the_operators(
    hub: StandInHub, tmp_path: Path, token: str, exit_code: int
) -> None:
    """As a process, with a mirror that only the proxy knows."""
    hub.token = "secret"
    clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voice_server", "models", "pull", VOICE.id),
        *("--set", f"models.cache_dir={tmp_path}"),
        cwd=ROOT,
        env={
            **clean,
            "HF_ENDPOINT": "http://mirror.invalid",
            "HTTP_PROXY": hub.url,
            "http_proxy": hub.url,
            "HF_TOKEN": token,
            "HF_HUB_DISABLE_XET": "1",
            "OMP_NUM_THREADS": "1",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == exit_code, said.decode()
    assert hub.hosts == {"mirror.invalid"}
    if not token:
        assert "needs a token" in said.decode()


async def test_offline_asks_nobody(operator: Operator, hub: StandInHub) -> None:
    pulled = await operator.models("pull", REPO, "--offline")
    assert pulled.exit_code == 2
    assert "the hub must not be asked (offline)" in pulled.stderr
    assert not hub.asked


async def test_a_typo_is_answered_with_names(operator: Operator) -> None:
    done = await operator.models("pull", "larje-v3-turbo")
    assert done.exit_code == 2
    assert "Did you mean large-v3-turbo" in done.stderr


async def test_damage_on_the_disk_is_found(operator: Operator) -> None:
    assert (await operator.models("pull", VOICE.id)).exit_code == 0
    path = Path((await operator.models("path", VOICE.id)).stdout.strip())
    await asyncio.to_thread(path.write_bytes, b"rotten")
    checked = await operator.models("verify")
    assert checked.exit_code == 1
    assert f"{VOICE.id} is damaged" in checked.stdout
    assert (await operator.models("verify", "base")).exit_code == 1, "it is missing"


async def test_the_bundled_recogniser_stays(operator: Operator) -> None:
    done = await operator.models("remove", "bundled")
    assert done.exit_code == 2
    assert "stays" in done.stderr
    missing = await operator.models("path", "base")
    assert missing.exit_code == 1
    assert "models pull base" in missing.stderr


async def test_a_configuration_is_suggested(operator: Operator) -> None:
    suggested = await operator.models("suggest")
    assert suggested.exit_code == 0
    assert "[asr]" in suggested.stdout
    assert "memory" in suggested.stdout
