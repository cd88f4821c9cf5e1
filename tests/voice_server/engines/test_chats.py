"""Language models as the settings want them: addresses, keys, fallbacks, notices."""

from pathlib import Path

import pytest

from models.errors import ModelError
from models.llm import ChatModel, ChatOptions, PrefixWarmer
from models.llm.fallback_chat import FallbackChat
from tests.support.chat_endpoint import Answer, ChatEndpoint, chat_endpoint, whole_answer
from tests.support.chat_model import QUESTION, Watched, ask
from voice_server.engines.chats import load_chat
from voice_server.engines.plans import Findings, plan_llm
from voice_server.settings import LlmSettings, load

pytestmark = pytest.mark.socket


async def _load(settings: LlmSettings, watcher: Watched | None = None) -> tuple[ChatModel, str]:
    return await load_chat(plan_llm(settings, Findings()), settings, watcher or Watched())


async def test_anthropic_by_name() -> None:
    async with chat_endpoint(Answer(status=500), models=[{"id": "claude-9"}]) as endpoint:
        settings = LlmSettings(
            engine="anthropic:claude-9", anthropic_url=endpoint.url, api_key="k-1"
        )
        chat, notice = await _load(settings)
        assert (chat.name, notice) == ("anthropic:claude-9", "")
        await chat.close()
        typo = settings.model_copy(update={"engine": "anthropic:claude-8"})
        chat, notice = await _load(typo)
        assert "does not serve 'claude-8'. It serves claude-9." in notice
        await chat.close()


async def test_fallbacks_answer_and_are_watched(tmp_path: Path) -> None:
    file = tmp_path / "voice.toml"
    async with (
        chat_endpoint(Answer(status=503)) as first,
        chat_endpoint(whole_answer("Second.")) as second,
    ):
        file.write_text(_toml(first, second))
        watched = Watched()
        chat, notice = await _load(load(file).llm, watched)
        assert not notice
        assert isinstance(chat, FallbackChat)
        assert chat.name == "openai:tiny"
        assert (await ask(chat))[0] == "Second."
        await chat.close()
    (asked,) = second.asked
    assert asked.headers["Authorization"] == "Bearer k-2"
    assert ("rested", "openai:tiny") in watched.seen


def _toml(first: ChatEndpoint, second: ChatEndpoint) -> str:
    return f"""
[llm]
engine = "{first.url}"
breaker_failures_max = 1

[[llm.fallbacks]]
engine = "{second.url}"
model = "other"
api_key = "k-2"

[[llm.fallbacks]]
engine = "offline"
"""


@pytest.mark.parametrize(
    ("fallback", "says"),
    [
        ({"engine": "gpt-5"}, r"llm\.fallbacks\[0\]\.engine is 'gpt-5': use"),
        ({"engine": "http://"}, "an LLM address looks like"),
    ],
)
async def test_a_fallback_that_means_nothing(fallback: dict[str, str], says: str) -> None:
    settings = LlmSettings.model_validate({"engine": "offline", "fallbacks": [fallback]})
    with pytest.raises(ModelError, match=says):
        await _load(settings)


async def test_prompts_are_sent_ahead_where_they_cost_nothing() -> None:
    async with chat_endpoint() as endpoint:
        chat, _ = await _load(LlmSettings(engine=endpoint.url))
        assert isinstance(chat, PrefixWarmer)
        assert await chat.warm(QUESTION, ChatOptions())
        await chat.close()
