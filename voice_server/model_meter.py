"""What the models' workers did, for Prometheus: read from the schedulers when somebody looks."""

from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from models.asr import Recognizer
from models.asr.whisper import WhisperRecognizer
from models.scheduler import Priority, Scheduler
from voice_server.metrics import NAMESPACE


class ModelMeter(Collector):
    """Jobs by class and outcome, calls by size, busy time, and what the load led to."""

    def __init__(self, schedulers: Sequence[Scheduler], recognizer: Recognizer) -> None:
        self._schedulers = schedulers
        self._recognizer = recognizer

    def collect(self) -> Iterator[Metric]:
        """See `Collector.collect`."""
        yield self._jobs()
        yield self._calls()
        busy = "Seconds that model workers have worked."
        busy_s = sum(scheduler.busy_s for scheduler in self._schedulers)
        yield CounterMetricFamily(f"{NAMESPACE}_model_busy_seconds", busy, busy_s)
        workload = self._recognizer.workload
        stretch = "By how much partials come less often than when idle."
        yield GaugeMetricFamily(f"{NAMESPACE}_partial_stretch", stretch, workload.stretch)
        full = "1 while newcomers are refused because the models are too busy."
        yield GaugeMetricFamily(f"{NAMESPACE}_models_full", full, int(workload.full))
        if isinstance(self._recognizer, WhisperRecognizer):
            yield self._doubts(self._recognizer)

    def watch(self, registry: CollectorRegistry) -> None:
        """Be asked at every scrape."""
        registry.register(self)

    def describe(self) -> list[Metric]:
        """Nothing ahead of time: to look at the load needs a running loop."""
        return []

    def depths(self) -> dict[str, int]:
        """How many jobs of each class wait."""
        depths = [scheduler.queue_depths() for scheduler in self._schedulers]
        return {kind.name.lower(): sum(each[kind] for each in depths) for kind in Priority}

    def _jobs(self) -> CounterMetricFamily:
        family = CounterMetricFamily(
            f"{NAMESPACE}_model_jobs",
            "Jobs for model workers, by class and what became of them.",
            labels=["class", "outcome"],
        )
        counts = sum((scheduler.counts for scheduler in self._schedulers), Counter())
        for (priority, outcome), count in counts.items():
            family.add_metric([priority.name.lower(), outcome], count)
        return family

    def _calls(self) -> CounterMetricFamily:
        family = CounterMetricFamily(
            f"{NAMESPACE}_model_calls",
            "Calls of model workers, by how many jobs were done in one.",
            labels=["jobs"],
        )
        batches = sum((scheduler.batches for scheduler in self._schedulers), Counter())
        for jobs, count in batches.items():
            family.add_metric([str(jobs)], count)
        return family

    def _doubts(self, recognizer: WhisperRecognizer) -> CounterMetricFamily:
        family = CounterMetricFamily(
            f"{NAMESPACE}_words_doubted",
            "Results whose words were dropped because nobody said them, by reason.",
            labels=["reason"],
        )
        for reason, count in recognizer.doubts.items():
            family.add_metric([reason], count)
        return family
