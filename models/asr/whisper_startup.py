"""From a model's name to a recogniser that is ready: where it computes, by whom, and how many.

On a CPU with several workers, and on GPUs, each place has a process of its own; a single worker on
a CPU is a thread. What was chosen is logged.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from models.asr.hardware import AUTO, Found, Hardware, choose_hardware, look
from models.asr.whisper import Patience, WhisperRecognizer
from models.asr.whisper_crew import WhisperCrew, WhisperProcesses, WhisperThreads
from models.asr.whisper_loader import check_files, find_folder
from models.asr.whisper_window import WindowKind
from models.asr.whisper_worker import WorkerOrder, load
from models.scheduler import Scheduler

logger = logging.getLogger(__name__)

_WEIGHTS = "model.bin"
_BATCH_MAX_CPU, _BATCH_MAX_GPU = 8, 32


@dataclass(frozen=True, slots=True)
class WhisperChoice:
    """Which model, and how to run it."""

    path_or_name: str
    name: str
    """What it is called in the ready line."""
    window: WindowKind = "margin"
    """`short` only for models trained on windows as long as their audio."""
    margin_ms: int = 2560
    """Silence after the audio, for the others."""
    device: str = AUTO
    gpus: Sequence[int] = ()
    """Empty: all of them."""
    compute_type: str = AUTO
    beam_size: int = 1
    """Of finals."""
    cpu_threads: int = 1
    """Of each worker."""
    processes: bool | None = None
    """None: where there is more than one worker, or a GPU."""
    batch_max: int | None = None
    """Decodes in one call; None: 8 on a CPU, 32 on a GPU."""
    translates: bool = True
    """Whether the model was trained to."""


def places(device: str, gpus: Sequence[int], cpu_workers: int, found: Found | None = None) -> int:
    """How many workers a scheduler for such a model should have: one for each GPU, if any."""
    found = found or look()
    return (len(gpus) or found.gpus) if device != "cpu" and found.gpus else cpu_workers


async def start_whisper(
    choice: WhisperChoice, scheduler: Scheduler, patience: Patience | None = None
) -> WhisperRecognizer:
    """Load a model folder, or a model fetched before, off the event loop. Raises `ModelError`."""
    hardware = choose_hardware(choice.device, choice.compute_type, look(), choice.gpus)
    folder = find_folder(choice.path_or_name)
    await asyncio.to_thread(check_files, folder)
    orders = [
        WorkerOrder(
            str(folder.resolve()),
            choice.window,
            choice.margin_ms,
            device=hardware.device,
            device_index=hardware.indices[place % len(hardware.indices)],
            compute_type=hardware.compute_type,
            cpu_threads=choice.cpu_threads,
        )
        for place in range(scheduler.workers)
    ]
    crew = await _crew(choice, hardware, orders)
    _announce(crew, hardware, len(orders), (folder / _WEIGHTS).stat().st_size)
    return WhisperRecognizer(
        crew,
        scheduler,
        name=choice.name,
        beam_size=choice.beam_size,
        patience=patience,
        translates=choice.translates,
    )


async def _crew(
    choice: WhisperChoice, hardware: Hardware, orders: Sequence[WorkerOrder]
) -> WhisperCrew:
    on_gpu = hardware.device == "cuda"
    batch_max = choice.batch_max or (_BATCH_MAX_GPU if on_gpu else _BATCH_MAX_CPU)
    apart = choice.processes
    if apart if apart is not None else on_gpu or len(orders) > 1:
        return await WhisperProcesses.start(orders, batch_max=batch_max)
    decoder = await asyncio.to_thread(load, orders[0], len(orders))
    return WhisperThreads(decoder, len(orders), batch_max=batch_max)


def _announce(crew: WhisperCrew, hardware: Hardware, workers: int, weights_bytes: int) -> None:
    copies = workers if isinstance(crew, WhisperProcesses) else 1
    logger.info(
        "asr: %d %s on %s; %d x %d MB of weights as stored",
        workers,
        "processes" if isinstance(crew, WhisperProcesses) else "threads",
        hardware,
        copies,
        round(weights_bytes / 1e6),
    )
