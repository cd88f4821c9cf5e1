"""How `vllm serve` is called for conversations. Pure.

What matters for voice: a newcomer's long prompt must not hold up those who are being spoken to, so
prompts are taken in small portions; a share of the GPU stays free for speech recognition; the
prompt cache reports what it saved; and models that call tools or think need the parser of their
family, or both would be spoken.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_TOOL_PARSERS = (
    ("qwen3-coder", "qwen3_xml"),
    ("qwen", "hermes"),
    ("hermes", "hermes"),
    ("llama-4", "llama4_pythonic"),
    ("llama-3", "llama3_json"),
    ("llama3", "llama3_json"),
    ("mistral", "mistral"),
    ("ministral", "mistral"),
    ("gpt-oss", "openai"),
    ("glm-4", "glm45"),
    ("gemma-4", "gemma4"),
    ("functiongemma", "functiongemma"),
    ("granite-4", "granite4"),
    ("granite", "granite"),
    ("phi-4-mini", "phi4_mini_json"),
    ("deepseek-v3.1", "deepseek_v31"),
    ("deepseek-v3", "deepseek_v3"),
    ("kimi-k2", "kimi_k2"),
    ("olmo-3", "olmo3"),
    ("lfm2", "lfm2"),
)
"""Part of a model's name, and the parser that vLLM has for its calls; the first match wins."""

_REASONING_PARSERS = (
    ("qwen3-coder", ""),
    ("qwen3", "qwen3"),
    ("deepseek-r1", "deepseek_r1"),
    ("deepseek-v3", "deepseek_v3"),
    ("gpt-oss", "openai_gptoss"),
    ("glm-4", "glm45"),
    ("gemma-4", "gemma4"),
    ("olmo-3", "olmo3"),
)
"""The same for what it thinks."""

_OURS = "VOICE_SERVER_"


@dataclass(frozen=True, slots=True)
class VllmOptions:
    """What is served, and what it may take."""

    model: str
    """A name on the hub, or a directory."""
    gpu_memory: float = 0.6
    """Share of the GPU's memory."""
    context_tokens: int | None = None
    """Tokens of one conversation; None: as many as the memory has room for."""
    sequences_max: int = 64
    """Replies made at once; others wait."""
    batch_tokens: int = 1024
    """Tokens of prompt taken in at once: fewer keep those who listen from waiting."""
    tool_parser: str = "auto"
    """vLLM's name of it; `auto` goes by the model's name, empty: no tools."""
    offline: bool = False
    """Never ask the hub."""
    arguments: tuple[str, ...] = ()
    """More for the command line; they win, because they come last."""


def command(executable: str, options: VllmOptions, port: int) -> list[str]:
    """The command line, on loopback only."""
    context = options.context_tokens
    line = [executable, "serve", options.model]
    line += ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", options.model]
    line += ["--gpu-memory-utilization", f"{options.gpu_memory:g}"]
    line += ["--max-model-len", "auto" if context is None else str(context)]
    line += ["--max-num-seqs", str(options.sequences_max)]
    line += ["--max-num-batched-tokens", str(max(options.batch_tokens, options.sequences_max))]
    line += ["--performance-mode", "interactivity"]
    line += ["--enable-prompt-tokens-details", "--enable-request-id-headers"]
    tools = parser(options.model, _TOOL_PARSERS)
    tools = tools if options.tool_parser == "auto" else options.tool_parser
    if tools:
        line += ["--enable-auto-tool-choice", "--tool-call-parser", tools]
    thoughts = parser(options.model, _REASONING_PARSERS)
    if thoughts:
        line += ["--reasoning-parser", thoughts]
    return [*line, *options.arguments]


def parser(model: str, parsers: tuple[tuple[str, str], ...]) -> str:
    """The parser of a model's family; empty where it is not known."""
    name = model.lower()
    return next((found for part, found in parsers if part in name), "")


def environment(inherited: Mapping[str, str], options: VllmOptions, api_key: str) -> dict[str, str]:
    """The environment of vLLM: none of our secrets, no reports to anybody, a key of its own."""
    kept = {name: value for name, value in inherited.items() if not name.upper().startswith(_OURS)}
    added = {
        "VLLM_API_KEY": api_key,
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
    }
    return kept | added | ({"HF_HUB_OFFLINE": "1"} if options.offline else {})
