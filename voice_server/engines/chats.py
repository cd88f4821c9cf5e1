"""Language models from their plans: an endpoint, its fallbacks, or one that is built in."""

from collections.abc import Sequence

from models.errors import ModelError
from models.llm import ChatError, ChatModel
from models.llm.anthropic_chat import anthropic_chat
from models.llm.chat_endpoints import LOCAL_PORTS
from models.llm.fallback_chat import BreakerLimits, FallbackChat
from models.llm.http_chat import HttpChat
from models.llm.openai_chat import openai_chat
from models.llm.responder import OfflineResponder
from models.llm.watcher import ChatWatcher
from models.scripted import ChatScript, ScriptedChat
from voice_server.engines.chat_endpoint import endpoint_at
from voice_server.engines.own_vllm import start_vllm
from voice_server.engines.plans import Plan, plan_fallbacks
from voice_server.settings import LlmSettings


async def load_chat(
    plan: Plan, settings: LlmSettings, watcher: ChatWatcher, *, offline: bool = False
) -> tuple[ChatModel, str]:
    """The language model, and a notice if it does not answer now: it may well do so later.

    A vLLM of our own is started and waited for; `offline` keeps it from the hub. Raises
    `ModelError`.
    """
    others = [
        _build(behind, settings, fallback.model, fallback.api_key, watcher)
        for behind, fallback in zip(plan_fallbacks(settings), settings.fallbacks, strict=True)
    ]
    if plan.engine == "vllm":
        first: ChatModel = await start_vllm(plan, settings, watcher, offline=offline)
    else:
        first = _build(plan, settings, settings.model, settings.api_key, watcher)
    notice = await _check(first)
    return (_with_fallbacks(first, others, settings, watcher) if others else first), notice


def _build(
    plan: Plan, settings: LlmSettings, model: str, api_key: str, watcher: ChatWatcher
) -> ChatModel:
    match plan.engine:
        case "offline":
            return OfflineResponder()
        case "scripted":
            return _scripted(settings)
        case _:
            try:
                return _endpoint(plan, settings, plan.llm or model, api_key, watcher)
            except ValueError as error:
                raise ModelError(f"The LLM address is {plan.url!r}: {error}.") from error


def _endpoint(
    plan: Plan, settings: LlmSettings, model: str, api_key: str, watcher: ChatWatcher
) -> HttpChat:
    label = "anthropic" if plan.engine == "anthropic" else _server(plan.url)
    endpoint = endpoint_at(plan.url, model, api_key, label, settings)
    if plan.engine == "anthropic":
        return anthropic_chat(endpoint, watcher)
    return openai_chat(endpoint, disable_thinking=settings.disable_thinking, watcher=watcher)


def _server(url: str) -> str:
    """What usually listens at this port."""
    servers = {f":{port}/": name.lower() for name, port in LOCAL_PORTS.items()}
    return next((name for part, name in servers.items() if part in f"{url}/"), "openai")


def _scripted(settings: LlmSettings) -> ScriptedChat:
    script = settings.scripted
    return ScriptedChat(
        ChatScript(
            script.texts,
            first_token_ms=script.first_token_ms,
            token_interval_ms=script.token_interval_ms,
            tool_calls=script.tool_calls,
            tool_preamble=script.tool_preamble,
        )
    )


def _with_fallbacks(
    first: ChatModel, others: Sequence[ChatModel], settings: LlmSettings, watcher: ChatWatcher
) -> FallbackChat:
    limits = BreakerLimits(settings.breaker_failures_max, settings.breaker_rest_s)
    return FallbackChat([first, *others], limits, watcher=watcher)


async def _check(chat: ChatModel) -> str:
    """Why it does not answer now, as a sentence; empty if it does."""
    if isinstance(chat, HttpChat):
        try:
            await chat.check()
        except ChatError as error:
            return str(error)
    return ""
