"""What vLLM's log says while it starts: how far it is, or why it cannot. Pure."""

import re
from collections.abc import Sequence

_STAGES = (
    (re.compile(r"fetching \d+ files|downloading", re.I), "fetching the model"),
    (re.compile(r"checkpoint shards:\s+(?P<percent>\d+)%", re.I), "loading weights"),
    (re.compile(r"starting to load model", re.I), "loading weights"),
    (re.compile(r"torch\.compile|dynamo|compiling", re.I), "compiling"),
    (re.compile(r"capturing cuda graph", re.I), "capturing graphs"),
    (re.compile(r"starting vllm server", re.I), "opening its port"),
)

_REASONS = (
    (
        ("out of memory", "no available memory for the cache", "less than desired gpu memory"),
        "The GPU has too little free memory for it: take a smaller or quantised model, or change "
        "llm.vllm.gpu_memory.",
    ),
    (
        ("estimated maximum model length", "kv cache is needed"),
        "Its memory is too small for the conversation length: lower llm.vllm.context_tokens.",
    ),
    (
        ("gated repo", "401 client error"),
        "The hub wants an account for this model: accept its licence there, and set HF_TOKEN.",
    ),
    (
        ("repository not found", "not a valid model identifier", "is not a local folder"),
        "There is no such model: check its name, such as Qwen/Qwen3-8B, or the directory.",
    ),
    (
        (
            "outgoing traffic has been disabled",
            "offline mode is enabled",
            "cannot find the requested",
        ),
        "The model is not on this machine, and the hub must not be asked: fetch it first.",
    ),
    (
        ("couldn't connect to", "max retries exceeded", "name resolution"),
        "The hub cannot be reached: fetch the model first, or give its directory.",
    ),
    (
        ("failed to infer device type", "no cuda gpus", "driver version is insufficient"),
        "It finds no GPU that it can use; `voice-server doctor` says more.",
    ),
    (
        ("unrecognized arguments", "invalid choice", "ambiguous option"),
        "It does not know one of its options: update it, or check llm.vllm.arguments.",
    ),
    (("address already in use",), "Its port is taken: set llm.vllm.port to 0."),
)
"""Words in the log, in lower case, and what to do about them."""

_ERROR = re.compile(r"error", re.I)
_PREFIX = re.compile(r"^(?:\([^)]*\)\s*)?(?:[A-Z]+ [\d-]+ [\d:]+ \[[^\]]*\]\s*)?")
_SHOWN_CHARS_MAX = 300


def stage(line: str) -> str | None:
    """What it is doing now, as the end of "vLLM is …"; None if the line does not say."""
    for pattern, doing in _STAGES:
        found = pattern.search(line)
        if found:
            percent = found.groupdict().get("percent")
            return f"{doing} ({percent} %)" if percent else doing
    return None


def explain(lines: Sequence[str]) -> str:
    """Why it ended, as a sentence: a remedy where one is known, else its last error."""
    log = "\n".join(lines).lower()
    for words, remedy in _REASONS:
        if any(word in log for word in words):
            return remedy
    errors = [line for line in lines if _ERROR.search(line)] or list(lines)
    if not errors:
        return "It said nothing."
    return f"Its last words: {_PREFIX.sub('', errors[-1])[:_SHOWN_CHARS_MAX]}"
