"""One decode of many speakers: how long it takes, and how much of the GPU, by rows and windows.

Run as a process of its own for each number format, so that memory is what this one takes, and a
GPU that gives up takes no other figure along.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from audio import SAMPLE_RATE
from models.asr import RecognitionOptions
from models.asr.decoding import Task
from models.asr.whisper_decoder import WhisperDecoder
from models.asr.whisper_loader import warm_up_audio
from models.asr.whisper_worker import WorkerOrder, load
from models.errors import ModelError
from voice_server.bench.figures import spread
from voice_server.bench.gpu.conditions import gpu_used_mb
from voice_server.bench.gpu.scale import Scale

_MODULE = "voice_server.bench.gpu.decodes"
_PATIENCE_S = 1800
_MARGIN_MS = 2560

Row = dict[str, Any]


class DecodeOrder(msgspec.Struct, frozen=True):
    """What the process has to do; its only argument, as JSON."""

    worker: WorkerOrder
    audio_ms: tuple[int, ...]
    batches: tuple[int, ...]
    decodes: int


def measured_decodes(folder: Path, compute_type: str, scale: Scale) -> list[Row]:
    """A row for each window and batch; one with `error` where the process ended early."""
    worker = WorkerOrder(
        str(folder), "margin", _MARGIN_MS, device=scale.device, compute_type=compute_type
    )
    order = DecodeOrder(worker, scale.audio_ms, scale.batches, scale.decodes)
    command = [sys.executable, "-m", _MODULE, msgspec.json.encode(order).decode()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        rows.append({"error": f"The process ended with status {done.returncode}: {last}"})
    return [{"compute_type": compute_type, **row} for row in rows]


def _rows(order: DecodeOrder) -> Iterator[Row]:
    before_mb = gpu_used_mb()
    decoder = load(order.worker)
    for audio_ms in order.audio_ms:
        for batch in order.batches:
            times_ms = _times_ms(decoder, _tasks(audio_ms, batch), order.decodes)
            figures, now_mb = spread(times_ms), gpu_used_mb()
            taken_mb = None if before_mb is None or now_mb is None else now_mb - before_mb
            yield {
                "audio_ms": audio_ms,
                "rows": batch,
                "median_ms": figures.median,
                "p95_ms": figures.p95,
                "per_row_ms": (figures.median or 0.0) / batch,
                "gpu_mb": taken_mb,
            }


def _tasks(audio_ms: int, batch: int) -> list[Task]:
    seconds = -(-audio_ms // 1000)
    samples = np.tile(warm_up_audio(), seconds)[: audio_ms * SAMPLE_RATE // 1000]
    return [Task(samples, 0, RecognitionOptions(language="en")) for _ in range(batch)]


def _times_ms(decoder: WhisperDecoder, tasks: Sequence[Task], decodes: int) -> list[float]:
    """All but the first, which makes room in the memory."""
    times_ms = []
    for _ in range(decodes + 1):
        began = time.perf_counter()
        decoder.decode_all(tasks)
        times_ms.append(1000 * (time.perf_counter() - began))
    return times_ms[1:]


def main() -> int:
    """Print a JSON object a row as it is measured."""
    order = msgspec.json.decode(sys.argv[1], type=DecodeOrder)
    try:
        for row in _rows(order):
            print(json.dumps(row), flush=True)  # noqa: T201 - that is how it answers
    except ModelError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a process of its own
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
