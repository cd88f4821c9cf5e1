"""What operators see of the models' workers."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from models.job_queue import Priority
from models.load import Load
from models.scheduler import Scheduler
from models.scripted import ScriptedRecognizer
from voice_server.model_meter import ModelMeter

pytestmark = pytest.mark.engine


async def test_work_and_load_are_shown() -> None:
    scheduler, recognizer, registry = Scheduler(1), ScriptedRecognizer(), CollectorRegistry()
    ModelMeter([scheduler], recognizer).watch(registry)
    await scheduler.run(Priority.FINAL, "k", lambda: None, deadline_s=60)
    recognizer.workload = Load(2.5, full=True, retry_after_s=5)
    shown = generate_latest(registry).decode()
    for line in (
        'voice_server_model_jobs_total{class="final",outcome="ran"} 1.0',
        'voice_server_model_calls_total{jobs="1"} 1.0',
        "voice_server_partial_stretch 2.5",
        "voice_server_models_full 1.0",
    ):
        assert line in shown.splitlines()
    assert "voice_server_model_busy_seconds_total " in shown
    await scheduler.close()
