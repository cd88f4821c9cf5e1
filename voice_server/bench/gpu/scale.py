"""How much is measured: everything on a GPU, or a rehearsal in tiny shapes on a CPU."""

from dataclasses import dataclass

from voice_server.bench.asr.chain_whisper import LARGE_V3_TURBO, Shape


@dataclass(frozen=True, slots=True)
class LlmShape:
    """The dimensions of a Llama."""

    name: str
    width: int
    feed_forward: int
    layers: int
    heads: int
    key_value_heads: int
    vocabulary: int


@dataclass(frozen=True, slots=True)
class Scale:
    """What is made, and how often it is asked."""

    device: str
    """`cuda` or `cpu`."""
    ears_name: str
    ears: Shape
    compute_types: tuple[str, ...]
    batches: tuple[int, ...]
    """Rows of one decode."""
    audio_ms: tuple[int, ...]
    """What each row holds: one of our short windows, and as much as fills Whisper's 30 s."""
    decodes: int
    """Of each kind; the first is not counted."""
    talkers: tuple[int, ...]
    """Who talk at once, until finals are late."""
    talk_s: float
    llm: LlmShape
    gpu_memory: float
    """vLLM's share of the GPU; the rest is for recognition."""
    replies: int
    """Of each kind, one after the other."""
    callers: int
    """Who wait for a reply at once."""
    prompt_chars: int
    """Of the system prompt; a character is a token."""
    vllm_arguments: tuple[str, ...]


FULL = Scale(
    device="cuda",
    ears_name="large-v3-turbo",
    ears=LARGE_V3_TURBO,
    compute_types=("float16", "int8_float16"),
    batches=(1, 2, 4, 8, 16, 32),
    audio_ms=(4_000, 27_000),
    decodes=20,
    talkers=(8, 16, 32, 64, 128, 192, 256, 384, 512),
    talk_s=20.0,
    llm=LlmShape("8B", 4096, 14_336, 32, 32, 8, 128_256),
    gpu_memory=0.6,
    replies=20,
    callers=50,
    prompt_chars=2_000,
    vllm_arguments=("--load-format", "dummy"),
)

DRY = Scale(
    device="cpu",
    ears_name="a tiny Whisper",
    ears=Shape(64, 1, 2),
    compute_types=("int8",),
    batches=(1, 2),
    audio_ms=(4_000,),
    decodes=2,
    talkers=(1,),
    talk_s=0.0,
    llm=LlmShape("a tiny Llama", 64, 128, 2, 2, 2, 1024),
    gpu_memory=0.6,
    replies=2,
    callers=4,
    prompt_chars=200,
    vllm_arguments=(
        *("--load-format", "dummy", "--dtype", "bfloat16", "--enforce-eager", "--block-size", "32"),
        *("--kv-cache-memory-bytes", "268435456", "--distributed-executor-backend"),
        "vllm.v1.executor.uniproc_executor.UniProcExecutor",
    ),
)
