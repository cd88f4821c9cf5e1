"""Finding language-model endpoints: their addresses, and what they serve.

Everything here asks `GET {base}/models`, the one question that every OpenAI-compatible server
answers: vLLM, Ollama, llama.cpp, LM Studio and the hosted ones.
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence

import aiohttp
import msgspec
from yarl import URL

from models.llm import ChatError, ChatFailure
from models.llm.chat_errors import Complaints

LOCAL_PORTS = {"vLLM": 8000, "Ollama": 11434, "llama.cpp": 8080, "LM Studio": 1234}
"""Where the usual local servers listen, best first."""

OWN_NAME = "voice-server"
"""`owned_by` in our own model list, so that we never take another voice server for an LLM."""

_ANSWER_BYTES_MAX = 1 << 20
_KEY_HEADERS = {"Authorization", "x-api-key"}
_NOT_CHAT = re.compile(r"embed|rerank|whisper|bge-|tts", re.IGNORECASE)


class _Model(msgspec.Struct):
    id: str
    owned_by: str | None = None


class _ModelList(msgspec.Struct):
    data: list[_Model] | None = None


def normalise(base_url: str) -> URL:
    """Turn what people write into the base of the API, without a slash at the end.

    `http://gpu:8000`, `http://gpu:8000/` and `http://gpu:8000/v1/chat/completions` all become
    `http://gpu:8000/v1`; any other path is kept. Raises `ValueError` with the remedy.
    """
    try:
        url = URL(base_url.strip())
        usable = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("an LLM address looks like http://127.0.0.1:8000/v1: scheme, host, port")
    path = url.path.rstrip("/").removesuffix("/chat/completions")
    return url.with_path(path or "/v1")


def shown(base: URL) -> str:
    """The address as messages and logs may show it: without user, password and query."""
    return str(base.with_user(None).with_query(None))


def headers(api_key: str) -> dict[str, str]:
    """How a request to an OpenAI-compatible endpoint says who asks."""
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def first_chat_model(models: Sequence[str]) -> str | None:
    """The first model that does not look like an embedding or speech model; None if none is."""
    return next((model for model in models if not _NOT_CHAT.search(model)), None)


async def discover(base_url: str, api_key: str = "", timeout: float = 2.0) -> list[str]:
    """The ids of the models that an endpoint serves, in its own order.

    `timeout` is in seconds, for the whole question. Raises `ChatError`, or `ValueError` for an
    address that cannot be one.
    """
    _, models = await locate(normalise(base_url), headers(api_key), timeout)
    return models


async def locate(
    base: URL, headers: Mapping[str, str], timeout: float = 2.0
) -> tuple[URL, list[str]]:
    """Where the API really begins, and its models: `base`, or else `base` with `/v1` at its end.

    Raises `ChatError`.
    """
    try:
        return base, await list_models(base, headers, timeout)
    except ChatError as error:
        if error.failure is ChatFailure.UNREACHABLE or base.name == "v1":
            raise
        deeper = base / "v1"
        try:
            return deeper, await list_models(deeper, headers, timeout)
        except ChatError:
            raise error from None


async def list_models(base: URL, headers: Mapping[str, str], timeout: float) -> list[str]:
    """What `GET {base}/models` answers. `timeout` is in seconds. Raises `ChatError`."""
    limits = aiohttp.ClientTimeout(total=timeout)
    complaints = Complaints(shown(base), has_key=not _KEY_HEADERS.isdisjoint(headers))
    try:
        async with (
            aiohttp.ClientSession(timeout=limits, headers=headers) as session,
            session.get(f"{base}/models", allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise complaints.no_list(response.status)
            answer = await _read_at_most(response, _ANSWER_BYTES_MAX)
    except TimeoutError as error:
        raise complaints.silent(timeout) from error
    except aiohttp.ClientError as error:
        raise complaints.unreachable(error) from error
    return _model_ids(complaints, answer)


async def find_local(
    skip_ports: Collection[int] = (), timeout: float = 0.3
) -> tuple[str, list[str]] | None:
    """The best LLM server on this machine, as its base URL and models; None if there is none.

    Asks all of `LOCAL_PORTS` at once, so it takes `timeout` seconds at most. Put our own port into
    `skip_ports`.
    """
    urls = [
        f"http://127.0.0.1:{port}/v1" for port in LOCAL_PORTS.values() if port not in skip_ports
    ]
    found = await asyncio.gather(*(_try_discover(url, timeout) for url in urls))
    pairs = zip(urls, found, strict=True)
    return next(((url, models) for url, models in pairs if first_chat_model(models)), None)


async def _try_discover(base_url: str, timeout: float) -> list[str]:
    try:
        return await discover(base_url, timeout=timeout)
    except ChatError:
        return []


async def _read_at_most(response: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    """Read a whole body, or its beginning if it is longer."""
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) >= bytes_max:
            break
    return bytes(body[:bytes_max])


def _model_ids(complaints: Complaints, answer: bytes) -> list[str]:
    try:
        listed = msgspec.json.decode(answer, type=_ModelList)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise complaints.no_models_in_answer() from error
    return [model.id for model in listed.data or [] if model.owned_by != OWN_NAME]
