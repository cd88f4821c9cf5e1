"""Language models in the metrics, cached tokens among them."""

import pytest

from models.llm import ChatFailure, Completed
from models.llm.watcher import ChatWatcher
from voice_server.engines.chat_meter import ChatMeter
from voice_server.metrics import Metrics

pytestmark = pytest.mark.pure


def _value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"voice_server_{name}", labels)


def test_everything_is_counted() -> None:
    meter, metrics = ChatMeter(), Metrics()
    watcher: ChatWatcher = meter
    watcher.replied("tiny", Completed("stop", 1000, 1, 1000))
    meter.attach(metrics)
    watcher.replied("tiny", Completed("stop", 100, 20, 64))
    watcher.replied("tiny", Completed("stop"))
    watcher.failed("tiny", ChatFailure.TIMED_OUT)
    watcher.warmed("tiny", Completed("length"))
    watcher.limit_hit("llm_streams")
    watcher.rested("tiny", resting=True)
    assert _value(metrics, "llm_replies_total", llm="tiny", outcome="whole") == 2
    assert _value(metrics, "llm_replies_total", llm="tiny", outcome="timed_out") == 1
    kinds = ("prompt", "cached", "completion")
    tokens = [_value(metrics, "llm_tokens_total", llm="tiny", kind=kind) for kind in kinds]
    assert tokens == [100, 64, 20]
    assert _value(metrics, "llm_warm_ups_total", llm="tiny") == 1
    assert _value(metrics, "limit_hits_total", limit="llm_streams") == 1
    assert _value(metrics, "llm_resting", llm="tiny") == 1
    watcher.restarted("tiny")
    assert _value(metrics, "llm_restarts_total", llm="tiny") == 1
    watcher.rested("tiny", resting=False)
    assert _value(metrics, "llm_resting", llm="tiny") == 0
