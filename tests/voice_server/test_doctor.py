"""The doctor: one finding a line, a remedy for whatever is not well, and nothing touched."""

import json
import re
import socket
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.asr import cuda
from models.hub import Hub
from tests.support.hub import StandInHub, closed_port, stand_in_hub
from tests.support.redis_server import RedisServer
from tests.support.vllm_stand_in import install
from voice_server import doctor as checks
from voice_server.doctor import Check, as_json, as_text, examine
from voice_server.door.certificate import make
from voice_server.engines import memory_check
from voice_server.engines.machine import Machine
from voice_server.settings import load

pytestmark = pytest.mark.engine

DEVICES = ("auto", "cuda", "cpu")


class Doctor:
    """Examines with an empty cache and a hub that may answer."""

    def __init__(self, cache_dir: Path, endpoint: str) -> None:
        self.cache_dir = cache_dir
        self.endpoint = endpoint

    async def check(self, name: str, *assignments: str) -> Check:
        checks = await self.all(*assignments)
        return next(check for check in checks if check.name == name)

    async def all(self, *assignments: str) -> list[Check]:
        settings = load(None, ["server.port=0", "llm.engine=offline", *assignments])
        hub = Hub(cache_dir=self.cache_dir, endpoint=self.endpoint)
        return await examine(settings, hub)


@pytest.fixture
async def doctor(tmp_path: Path) -> Doctor:
    return Doctor(tmp_path, await closed_port())


@pytest.fixture
async def connected(tmp_path: Path) -> AsyncIterator[Doctor]:
    async with stand_in_hub(StandInHub({})) as hub:
        yield Doctor(tmp_path, hub.url)


async def test_a_machine_without_a_hub_is_well_enough(doctor: Doctor) -> None:
    checks = await doctor.all()
    assert not [check for check in checks if check.verdict == "missing"]
    names = [check.name for check in checks]
    assert names[:2] == ["python", "packages"]
    assert {"piper", "pocketsphinx", "cuda", "espeak", "hub", "asr", "tts", "llm"} < set(names)
    assert names[-2:] == ["access", "port"]


async def test_every_problem_has_a_remedy(doctor: Doctor) -> None:
    checks = await doctor.all("asr.engine=small", "server.host=0.0.0.0", "asr.device=cuda")
    assert {check.name for check in checks if check.verdict == "missing"} >= {"asr", "access"}
    assert all(check.remedy for check in checks if check.verdict != "ok")


async def test_a_gpu_without_cublas_is_explained(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine where the driver is installed, and nothing else."""
    monkeypatch.setattr(cuda, "seen_gpus", lambda: 1)
    monkeypatch.setattr(checks, "seen_gpus", lambda: 1)
    monkeypatch.setattr(cuda, "has_cublas", lambda: False)
    found = {device: await doctor.check("cuda", f"asr.device={device}") for device in DEVICES}
    assert [found[device].verdict for device in DEVICES] == ["note", "missing", "ok"]
    assert "nvidia-cublas-cu12" in found["auto"].remedy == found["cuda"].remedy


async def test_an_unreachable_hub_is_noted(doctor: Doctor) -> None:
    check = await doctor.check("hub")
    assert (check.verdict, check.detail) == ("note", f"{doctor.endpoint} cannot be reached")


async def test_what_would_be_fetched_is_said(connected: Doctor) -> None:
    assert (await connected.check("hub")).verdict == "ok"
    asr = await connected.check("asr", "asr.device=cpu")
    assert asr.detail.startswith("whisper base, after a download of 148 MB, because")
    assert asr.verdict == "ok"


async def test_a_missing_model_is_named(doctor: Doctor) -> None:
    assert "Did you mean small" in (await doctor.check("models", "asr.engine=smal")).remedy
    assert (await doctor.check("asr", "asr.engine=/nowhere")).detail == "there is no /nowhere"
    voice = await doctor.check("tts", "tts.engine=/nowhere.onnx")
    assert voice.verdict == "missing"


async def test_a_vllm_of_our_own_has_to_be_installed(doctor: Doctor, tmp_path: Path) -> None:
    wanted = ("llm.engine=vllm:tiny", f"llm.vllm.environment={tmp_path}")
    check = await doctor.check("llm", *wanted)
    assert check.verdict == "missing"
    assert "There is no vLLM at" in check.remedy
    install(tmp_path)
    check = await doctor.check("llm", *wanted)
    assert (check.verdict, check.remedy) == ("ok", "")
    assert check.detail.endswith("will serve tiny")


async def test_what_does_not_fit_is_told_before_it_is_tried(
    connected: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub is in reach, so that only the memory is in the way."""
    assert (await connected.check("memory", "asr.engine=small")).verdict == "ok"
    monkeypatch.setattr(memory_check, "look_at_machine", lambda: Machine(4, 1.0, (), 10**9))
    medium = ("asr.engine=medium", "asr.device=cpu", "asr.compute_type=int8", "tts.engine=espeak")
    check = await connected.check("memory", *medium)
    assert (check.verdict, check.detail) == (
        "missing",
        "about 3.36 GB of 1 GB that are free; asr medium in int8, 2 copies: 3.36 GB",
    )
    assert "Take a smaller asr.engine or fewer asr.workers" in check.remedy
    tried = await connected.check("memory", *medium, "models.memory_check=false")
    assert tried.verdict == "note"


async def test_a_silent_language_model_is_noted(doctor: Doctor) -> None:
    url = f"{await closed_port()}/v1"
    check = await doctor.check("llm", f"llm.engine={url}")
    assert check.verdict == "note"
    assert "Check that it is running" in check.remedy
    assert (await doctor.check("llm", "llm.engine=gpt")).verdict == "missing"


async def test_a_port_in_use_is_found(doctor: Doctor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        check = await doctor.check("port", f"server.port={port}")
    assert check.verdict == "missing"
    assert "--port" in check.remedy


async def test_without_redis_all_is_in_this_process(doctor: Doctor) -> None:
    check = await doctor.check("store")
    assert (check.verdict, check.detail) == ("ok", "in the memory of this process")


async def test_a_redis_to_rely_on(doctor: Doctor) -> None:
    with RedisServer() as redis:
        check = await doctor.check("store", *redis.assignments(url=redis.confine()))
        assert (check.verdict, check.remedy) == ("ok", "")
        assert re.match(r"Redis \d+\.\d+\.\d+, which remembers", check.detail)
        confined = redis.assignments(url=redis.confine("~vs:*", "+@all", "-eval", "-evalsha"))
        check = await doctor.check("store", *confined)
    assert (check.verdict, check.detail) == ("note", "nobody new would be let in")
    assert "no permissions" in check.remedy


async def test_a_redis_that_forgets(doctor: Doctor) -> None:
    with RedisServer(durable=False) as redis:
        check = await doctor.check("store", *redis.assignments())
        assert (check.verdict, "appendonly yes" in check.remedy) == ("note", True)
        check = await doctor.check("store", *redis.assignments(durability="require"))
        assert check.verdict == "missing"


async def test_a_redis_that_is_not_there_or_cannot_be_named(doctor: Doctor) -> None:
    check = await doctor.check("store", "store.url=unix:///nowhere/redis.sock")
    assert (check.verdict, "/nowhere/redis.sock" in check.remedy) == ("note", True)
    check = await doctor.check("store", "store.url=nowhere")
    assert (check.verdict, "redis://HOST" in check.remedy) == ("missing", True)


def pair(folder: Path, names: Sequence[str], age: timedelta = timedelta(0)) -> list[str]:
    """Settings with a certificate for these names."""
    cert, key = make(names, datetime.now(UTC) - age)
    (folder / "cert.pem").write_bytes(cert)
    (folder / "key.pem").write_bytes(key)
    return [f"server.tls_cert={folder}/cert.pem", f"server.tls_key={folder}/key.pem"]


async def test_a_certificate_says_for_whom_and_for_how_long(doctor: Doctor, tmp_path: Path) -> None:
    check = await doctor.check("tls", *pair(tmp_path, ["voice.example", "127.0.0.1"]))
    assert (check.verdict, check.remedy) == ("ok", "")
    assert check.detail.endswith("for voice.example, 127.0.0.1, 365 days left")
    check = await doctor.check("tls", *pair(tmp_path, ["voice.example"]))
    assert (check.verdict, "have it name 127.0.0.1" in check.remedy) == ("note", True)
    check = await doctor.check("tls", *pair(tmp_path, ["*.example"]))
    assert check.verdict == "ok"


async def test_a_certificate_that_nobody_will_trust(doctor: Doctor, tmp_path: Path) -> None:
    check = await doctor.check("tls", *pair(tmp_path, ["127.0.0.1"], timedelta(days=360)))
    assert (check.verdict, check.remedy) == ("note", "Renew it, and restart the server.")
    check = await doctor.check("tls", *pair(tmp_path, ["127.0.0.1"], timedelta(days=366)))
    assert (check.verdict, "has expired" in check.remedy) == ("missing", True)
    words = pair(tmp_path, ["127.0.0.1"])
    (tmp_path / "key.pem").write_bytes(make(["127.0.0.1"], datetime.now(UTC))[1])
    check = await doctor.check("tls", *words)
    assert (check.verdict, "is not the key of" in check.remedy) == ("missing", True)
    check = await doctor.check("tls", f"server.tls_cert={tmp_path}/none.pem", words[1])
    assert (check.verdict, "none.pem" in check.remedy) == ("missing", True)


async def test_one_of_our_own_is_not_made_by_looking(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert (await doctor.check("tls", "server.tls_self_signed=true")).verdict == "ok"
    assert not (tmp_path / "cache" / "voice-server" / "tls").exists()
    assert (await doctor.check("tls")).detail.startswith("none")


def test_text_has_a_line_per_check_and_the_remedy_below() -> None:
    checks = [Check("python", "ok", "3.11"), Check("hub", "note", "silent", "Wait.")]
    assert as_text(checks) == (
        "ok       python       3.11\nnote     hub          silent\n                      → Wait.\n"
    )


def test_json_has_all_fields() -> None:
    assert json.loads(as_json([Check("hub", "note", "silent", "Wait.")])) == [
        {"name": "hub", "verdict": "note", "detail": "silent", "remedy": "Wait."}
    ]
