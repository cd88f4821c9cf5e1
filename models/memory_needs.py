"""How much memory models take: estimates from the size of their files. Pure; bytes everywhere.

Measured with CTranslate2 4.8 and onnxruntime 1.31 on x86-64. A Whisper worker is a process of
150 MB and its weights in the number format that it computes in, and a third more when it decodes
eight speakers at once; while it loads, the weights are there as they are stored. A Piper voice
takes twice its file. What a GPU holds was not measured, and is reckoned generously.
"""

PROCESS_BYTES = 150_000_000
"""Of a worker process, without a model: Python and its libraries."""
SERVER_BYTES = 600_000_000
"""Of the server itself, with some dozens of conversations."""
CUDA_BYTES = 1_000_000_000
"""What drivers, kernels and graphs take of a GPU."""
TALKERS_BYTES = 2_000_000_000
"""For vLLM's key-value cache: a few dozen conversations of a few thousand tokens."""
VLLM_PROCESS_BYTES = 4_000_000_000
"""Of the machine, for a vLLM whose model is on a GPU."""

_STORED_BITS = 16
"""Per weight in the files that are published for faster-whisper."""
_BITS = {"int8": 8, "int16": 16, "float16": 16, "bfloat16": 16, "float32": 32, "default": 16}
_WORK = 1.3
_GPU_WORK = 1.5
_VOICE_TIMES = 2.1


def whisper_weights(stored_bytes: int, compute_type: str) -> int:
    """The weights of a Whisper model once they are loaded; `compute_type` in CTranslate2's words.

    `int8_float16` has its weights in 8 bits and computes in 16.
    """
    return stored_bytes * _BITS[compute_type.partition("_")[0]] // _STORED_BITS


def whisper_memory(stored_bytes: int, compute_type: str) -> int:
    """One worker that computes on a CPU, at its largest: while it loads, or with a full batch."""
    working_bytes = int(_WORK * whisper_weights(stored_bytes, compute_type))
    return PROCESS_BYTES + max(stored_bytes, working_bytes)


def whisper_gpu_memory(stored_bytes: int, compute_type: str) -> int:
    """One worker, of its GPU; without `CUDA_BYTES`."""
    return int(_GPU_WORK * whisper_weights(stored_bytes, compute_type))


def voice_memory(file_bytes: int) -> int:
    """A loaded Piper voice."""
    return int(_VOICE_TIMES * file_bytes)


def vllm_gpu_memory(weights_bytes: int) -> int:
    """The least that vLLM's share of a GPU has to be."""
    return weights_bytes + TALKERS_BYTES
