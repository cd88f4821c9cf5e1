"""Finding endpoints: addresses as people write them, and what answers there."""

import socket
from contextlib import closing

import pytest
from yarl import URL

from models.llm import ChatError, ChatFailure, chat_endpoints
from models.llm.chat_endpoints import (
    discover,
    find_local,
    first_chat_model,
    locate,
    normalise,
    shown,
)
from tests.support.chat_endpoint import Answer, chat_endpoint

pytestmark = pytest.mark.socket


@pytest.mark.parametrize(
    ("written", "base"),
    [
        ("http://gpu:8000", "http://gpu:8000/v1"),
        ("http://gpu:8000/", "http://gpu:8000/v1"),
        (" http://gpu:8000/v1/ ", "http://gpu:8000/v1"),
        ("http://gpu:8000/v1/chat/completions", "http://gpu:8000/v1"),
        ("https://example.com/api/openai", "https://example.com/api/openai"),
        ("http://[::1]:8000", "http://[::1]:8000/v1"),
    ],
)
def test_addresses_as_people_write_them(written: str, base: str) -> None:
    assert str(normalise(written)) == base


@pytest.mark.parametrize("written", ["", "gpu:8000", "gpu", "ftp://gpu", "http://", "http://a:b:c"])
def test_what_is_no_address_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValueError, match=r"looks like http://127\.0\.0\.1:8000/v1"):
        normalise(written)


def test_a_password_is_not_shown() -> None:
    assert shown(URL("http://me:secret@gpu:8000/v1")) == "http://gpu:8000/v1"


@pytest.mark.parametrize(
    ("models", "wanted"),
    [(["qwen", "llama"], "qwen"), (["bge-m3", "whisper-1", "qwen"], "qwen"), (["tts-1"], None)],
)
def test_the_first_chat_model(models: list[str], wanted: str | None) -> None:
    assert first_chat_model(models) == wanted


async def test_discover_lists_the_models_in_order() -> None:
    async with chat_endpoint(models=[{"id": "b"}, {"id": "a"}]) as endpoint:
        assert await discover(endpoint.url) == ["b", "a"]
        assert await discover(endpoint.url.removesuffix("/v1")) == ["b", "a"]


async def test_an_address_that_lacks_v1_is_put_right() -> None:
    async with chat_endpoint(prefix="/api/v1") as endpoint:
        base = URL(endpoint.url.removesuffix("/v1"))
        assert await locate(base, {}) == (URL(endpoint.url), ["tiny"])
        assert await locate(URL(endpoint.url), {}) == (URL(endpoint.url), ["tiny"])
        with pytest.raises(ChatError, match=f"{base}x answered 404"):
            await locate(URL(f"{base}x"), {})


async def test_another_voice_server_is_not_a_language_model() -> None:
    models = [{"id": "whisper", "owned_by": "voice-server"}]
    async with chat_endpoint(models=models) as endpoint:
        assert await discover(endpoint.url) == []


@pytest.mark.parametrize(
    ("models", "failure"),
    [
        (Answer(status=401), ChatFailure.REFUSED),
        (Answer(status=500), ChatFailure.REFUSED),
        (Answer([b"<html>"]), ChatFailure.BROKEN),
        (Answer([b'{"data": [{"name": "x"}]}']), ChatFailure.BROKEN),
        (Answer([b'{"x":' + b"[" * 100_000]), ChatFailure.BROKEN),
    ],
)
async def test_endpoints_that_do_not_list_models(models: Answer, failure: ChatFailure) -> None:
    async with chat_endpoint(models=models) as endpoint:
        with pytest.raises(ChatError, match=endpoint.url) as caught:
            await discover(endpoint.url)
    assert caught.value.failure is failure


async def test_nobody_listens() -> None:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(ChatError) as caught:
            await discover(f"http://127.0.0.1:{bound.getsockname()[1]}")
    assert caught.value.failure is ChatFailure.UNREACHABLE


async def test_somebody_listens_and_never_answers() -> None:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as mute,
        pytest.raises(ChatError, match=r"within 0\.1 s") as caught,
    ):
        await discover(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.1)
    assert caught.value.failure is ChatFailure.UNREACHABLE


async def test_the_best_local_server_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        chat_endpoint(models=Answer(status=500)) as broken,
        chat_endpoint(models=[{"id": "first"}]) as first,
        chat_endpoint(models=[{"id": "second"}]) as second,
    ):
        ports = [URL(endpoint.url).port for endpoint in (broken, first, second)]
        names = ("vLLM", "Ollama", "LM Studio")
        monkeypatch.setattr(chat_endpoints, "LOCAL_PORTS", dict(zip(names, ports, strict=True)))
        assert await find_local(timeout=5) == (first.url, ["first"])
        assert await find_local([ports[1] or 0], timeout=5) == (second.url, ["second"])
        assert await find_local([port or 0 for port in ports], timeout=5) is None
