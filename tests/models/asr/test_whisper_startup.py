"""From a choice to a recogniser: threads or processes, what is logged, what is refused."""

import logging
from pathlib import Path

import pytest

from models.asr import RecognitionOptions
from models.asr.hardware import Found
from models.asr.whisper_startup import WhisperChoice, places, start_whisper
from models.errors import ModelError
from models.scheduler import Scheduler
from tests.support.speech import say

pytestmark = pytest.mark.engine

BUNDLED = Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"


@pytest.mark.parametrize(
    ("workers", "processes", "kind"),
    [(1, None, "1 threads"), (2, None, "2 processes"), (2, False, "2 threads")],
)
async def test_several_workers_are_processes(
    workers: int, processes: bool | None, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler = Scheduler(workers)
    choice = WhisperChoice(
        str(BUNDLED), "bundled", window="short", device="cpu", processes=processes
    )
    with caplog.at_level(logging.INFO, "models.asr.whisper_startup"):
        recognizer = await start_whisper(choice, scheduler)
    copies = workers if "processes" in kind else 1
    assert caplog.messages == [f"asr: {kind} on cpu, int8; {copies} x 6 MB of weights as stored"]
    utterance = recognizer.utterance(RecognitionOptions())
    utterance.feed(say("The window is open."))
    assert (await utterance.final()).text == "The window is open."
    await scheduler.close()
    await recognizer.close()


async def test_a_damaged_model_is_named_before_anything_starts(tmp_path: Path) -> None:
    scheduler = Scheduler(2)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / name).write_bytes((BUNDLED / name).read_bytes())
    (tmp_path / "model.bin").write_bytes(b"not a model")
    with pytest.raises(ModelError, match=f"{tmp_path} is not a usable Whisper model"):
        await start_whisper(WhisperChoice(str(tmp_path), "damaged", device="cpu"), scheduler)
    (tmp_path / "config.json").unlink()
    with pytest.raises(ModelError, match=r"lacks config\.json"):
        await start_whisper(WhisperChoice(str(tmp_path), "damaged", device="cpu"), scheduler)
    await scheduler.close()


def test_a_gpu_has_one_worker() -> None:
    machine = Found(2, lambda _: ())
    assert places("auto", (), 4, machine) == 2
    assert places("cuda", (1,), 4, machine) == 1
    assert places("cpu", (), 4, machine) == 4
    assert places("auto", (), 4, Found(0, lambda _: ())) == 4
