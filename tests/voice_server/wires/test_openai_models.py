"""Names of models: our own, OpenAI's, and those that mean nothing."""

import pytest

from models.llm.chat_endpoints import OWN_NAME
from voice_server.wires.openai_errors import ApiError
from voice_server.wires.openai_models import Job, check_model, model, model_list

pytestmark = pytest.mark.pure

ENGINES: dict[Job, str] = {
    "asr": "faster-whisper:small",
    "llm": "vllm:Qwen/Qwen3-8B",
    "tts": "piper:en_US-lessac-medium",
}


@pytest.mark.parametrize(
    ("asked", "job"),
    [
        ("", "asr"),
        ("faster-whisper:small", "asr"),
        ("small", "asr"),
        ("whisper-1", "asr"),
        ("gpt-4o-mini-transcribe-2025-12-15", "asr"),
        ("gpt-transcribe", "asr"),
        ("tts-1-hd", "tts"),
        ("gpt-4o-mini-tts", "tts"),
        ("en_US-lessac-medium", "tts"),
        ("Qwen/Qwen3-8B", "llm"),
        ("gpt-4o", "llm"),
        ("o3-mini", "llm"),
    ],
)
def test_a_name_that_is_understood(asked: str, job: Job) -> None:
    check_model(asked, job, ENGINES[job])


@pytest.mark.parametrize(
    ("asked", "job"),
    [
        ("large-v3", "asr"),
        ("tts-1", "asr"),
        ("gpt-4o", "asr"),
        ("whisper-1", "tts"),
        ("gpt-4o", "tts"),
        ("gpt-4o-mini-tts", "llm"),
        ("gpt-4o-realtime-preview", "llm"),
        ("llama3", "llm"),
    ],
)
def test_a_name_that_means_nothing_here(asked: str, job: Job) -> None:
    with pytest.raises(ApiError, match=f"no model '{asked}' here; ask for '{ENGINES[job]}'") as e:
        check_model(asked, job, ENGINES[job])
    assert (e.value.status, e.value.code, e.value.param) == (404, "model_not_found", "model")


def test_the_list_says_whose_they_are() -> None:
    listed = model_list(ENGINES)["data"]
    assert isinstance(listed, list)
    assert [entry["id"] for entry in listed][:3] == list(ENGINES.values())
    assert {entry["owned_by"] for entry in listed} == {OWN_NAME}
    for entry in listed:
        assert model(entry["id"], ENGINES) == entry


def test_only_what_is_listed_can_be_looked_up() -> None:
    with pytest.raises(ApiError) as caught:
        model("../etc", ENGINES)
    assert caught.value.status == 404


def test_every_listed_name_is_understood() -> None:
    for entry in (*ENGINES.values(), "whisper-1", "tts-1", "gpt-4o-mini"):
        jobs = [job for job in ENGINES if _understood(entry, job)]
        assert len(jobs) == 1


def _understood(name: str, job: Job) -> bool:
    try:
        check_model(name, job, ENGINES[job])
    except ApiError:
        return False
    return True
