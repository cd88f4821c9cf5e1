"""vLLM's own words, and what they mean for whoever waits."""

import pytest

from models.llm.vllm.startup_log import explain, stage

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("line", "doing"),
    [
        ("Fetching 4 files:  25%|##  | 1/4", "fetching the model"),
        (
            "(EngineCore pid=7) INFO 11-21 [m.py:68] Starting to load model Qwen/Qwen3-8B...",
            "loading weights",
        ),
        (
            "Loading safetensors checkpoint shards:  50% Completed | 2/4 [00:01<00:01]",
            "loading weights (50 %)",
        ),
        ("INFO [backends.py:1] Dynamo bytecode transform time: 4.1 s", "compiling"),
        ("Capturing CUDA graphs (mixed): 100%", "capturing graphs"),
        ("INFO [entry.py:140] Starting vLLM server on http://127.0.0.1:1", "opening its port"),
        ("INFO [model.py:733] Resolved architecture: LlamaForCausalLM", None),
    ],
)
def test_stages(line: str, doing: str | None) -> None:
    assert stage(line) == doing


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate", "llm.vllm.gpu_memory"),
        (
            "ValueError: Free memory on device (3.1/23.6 GiB) on startup is less than desired GPU "
            "memory utilization (0.6, 14.2 GiB).",
            "llm.vllm.gpu_memory",
        ),
        (
            "ValueError: To serve at least one request with the model's max seq len (131072), 16.0 "
            "GiB KV cache is needed",
            "llm.vllm.context_tokens",
        ),
        ("OSError: You are trying to access a gated repo.", "HF_TOKEN"),
        ("qwen3-8 is not a local folder and is not a valid model identifier", "no such model"),
        ("RuntimeError: Failed to infer device type", "no GPU"),
        ("vllm: error: unrecognized arguments: --performance-mode", "update it"),
        ("OSError: [Errno 98] Address already in use", "llm.vllm.port"),
    ],
)
def test_reasons(line: str, remedy: str) -> None:
    assert remedy in explain(["INFO all is well", line, "(APIServer pid=1) Traceback"])


def test_without_a_known_reason_its_last_error_is_told() -> None:
    lines = [
        "(A pid=1) INFO 11-21 03:22:20 [a.py:1] Hello",
        "(E pid=2) ERROR 11-21 03:22:21 [c.py:3] No.",
    ]
    assert explain(lines) == "Its last words: No."
    assert explain(["Bye."]) == "Its last words: Bye."
    assert explain([]) == "It said nothing."
    assert len(explain(["error " * 500])) < 400
