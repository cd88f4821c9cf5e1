"""The doctor: one finding a line, a remedy for whatever is not well, and nothing touched."""

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.hub import Hub
from tests.support.hub import StandInHub, closed_port, stand_in_hub
from tests.support.vllm_stand_in import install
from voice_server.doctor import Check, as_json, as_text, examine
from voice_server.engines import memory_check
from voice_server.engines.machine import Machine
from voice_server.settings import load

pytestmark = pytest.mark.engine


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


def test_text_has_a_line_per_check_and_the_remedy_below() -> None:
    checks = [Check("python", "ok", "3.11"), Check("hub", "note", "silent", "Wait.")]
    assert as_text(checks) == (
        "ok       python       3.11\nnote     hub          silent\n                      → Wait.\n"
    )


def test_json_has_all_fields() -> None:
    assert json.loads(as_json([Check("hub", "note", "silent", "Wait.")])) == [
        {"name": "hub", "verdict": "note", "detail": "silent", "remedy": "Wait."}
    ]
