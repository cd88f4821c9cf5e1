"""How a language model at an address is treated, by the settings."""

from models.llm.call_stream import CallLimits
from models.llm.http_chat import Endpoint
from models.llm.patience import ChatTimeouts
from voice_server.settings import LlmSettings


def endpoint_at(url: str, model: str, api_key: str, label: str, settings: LlmSettings) -> Endpoint:
    """The endpoint of one model, with the limits of the settings."""
    return Endpoint(
        url,
        model,
        api_key=api_key,
        label=label,
        timeouts=ChatTimeouts(
            connect_s=settings.connect_timeout_s,
            first_token_s=settings.first_token_timeout_s,
            between_tokens_s=settings.token_timeout_s,
            total_s=settings.total_timeout_s,
        ),
        streams_max=settings.streams_max,
        call_limits=CallLimits(settings.tool_calls_max, settings.tool_arguments_bytes_max),
        warm_ups=warms(url, settings),
    )


def warms(url: str, settings: LlmSettings) -> bool:
    """Whether prompts are sent ahead to this address."""
    if settings.warm_prefix == "auto":
        return not url.startswith("https:")
    return settings.warm_prefix == "always"
