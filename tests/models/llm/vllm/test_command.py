"""The command line of vLLM: what matters for voice is on it, none of our secrets are near it."""

import pytest

from models.llm.vllm.command import VllmOptions, command, environment

pytestmark = pytest.mark.pure


def _value(line: list[str], option: str) -> str | None:
    return line[line.index(option) + 1] if option in line else None


def test_defaults() -> None:
    line = command("/v/bin/vllm", VllmOptions("Qwen/Qwen3-8B"), 8001)
    assert line[:3] == ["/v/bin/vllm", "serve", "Qwen/Qwen3-8B"]
    wanted = {
        "--host": "127.0.0.1",
        "--port": "8001",
        "--served-model-name": "Qwen/Qwen3-8B",
        "--gpu-memory-utilization": "0.6",
        "--max-model-len": "auto",
        "--max-num-batched-tokens": "1024",
        "--tool-call-parser": "hermes",
        "--reasoning-parser": "qwen3",
    }
    assert {option: _value(line, option) for option in wanted} == wanted
    assert "--enable-prompt-tokens-details" in line


def test_options() -> None:
    options = VllmOptions(
        "./mine", context_tokens=8192, sequences_max=2048, tool_parser="", arguments=("--seed", "1")
    )
    line = command("vllm", options, 1)
    assert _value(line, "--max-model-len") == "8192"
    assert _value(line, "--max-num-batched-tokens") == "2048", "vLLM refuses fewer than replies"
    assert "--enable-auto-tool-choice" not in line
    assert line[-2:] == ["--seed", "1"]


@pytest.mark.parametrize(
    ("model", "tools", "reasoning"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "llama3_json", None),
        ("mistralai/Mistral-Small-3.2-24B-Instruct-2506", "mistral", None),
        ("openai/gpt-oss-20b", "openai", "openai_gptoss"),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "qwen3_xml", None),
        ("Qwen/Qwen2.5-7B-Instruct-AWQ", "hermes", None),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", None, "deepseek_r1"),
        ("/models/tiny", None, None),
    ],
)
def test_families_have_their_parsers(model: str, tools: str | None, reasoning: str | None) -> None:
    line = command("vllm", VllmOptions(model), 1)
    assert _value(line, "--tool-call-parser") == tools
    assert _value(line, "--reasoning-parser") == reasoning


def test_the_environment_keeps_our_secrets() -> None:
    inherited = {"PATH": "/bin", "HF_TOKEN": "h", "VOICE_SERVER_LLM__API_KEY": "secret"}
    passed = environment(inherited, VllmOptions("m", offline=True), "k-1")
    assert "secret" not in passed.values()
    assert (passed["PATH"], passed["HF_TOKEN"], passed["VLLM_API_KEY"]) == ("/bin", "h", "k-1")
    assert passed["HF_HUB_OFFLINE"] == "1"
    assert "HF_HUB_OFFLINE" not in environment({}, VllmOptions("m"), "k-1")
