"""What operators watch: counters, gauges and histograms for Prometheus.

One `Metrics` per server, with its own registry, so that several servers can live in one process.
Names follow the Prometheus conventions: base units, `_total` for counters.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from voice_server.events import TurnMeasured

NAMESPACE = "voice_server"
"""What every name begins with."""

STAGE_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10)
LAG_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)
LAG_PROBE_S = 0.1
STORE_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25)


class Metrics:
    """Everything that is counted."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counter = partial(Counter, namespace=NAMESPACE, registry=self.registry)
        self._gauge = partial(Gauge, namespace=NAMESPACE, registry=self.registry)
        self._histogram = partial(Histogram, namespace=NAMESPACE, registry=self.registry)
        self._watch_connections()
        self._watch_conversations()
        self._watch_speculation()
        self._watch_language_models()
        self._watch_the_store()
        self._watch_the_loop()
        self.turn_measured: Callable[[str, TurnMeasured], None] = _unheard
        """Told the session and the ledger of every turn whose answer begins to sound."""
        self.loop_lagged: Callable[[float], None] = _unnoticed
        """Told by how many seconds the loop woke up late, ten times per second."""

    def _watch_connections(self) -> None:
        self.connections = self._gauge("connections", "Open connections of any kind.")
        self.sessions = self._gauge("sessions", "Open sessions.")
        self.phone_calls = self._gauge("phone_calls", "Telephone calls, by peer.", ["peer"])
        self.sessions_total = self._counter("sessions_opened_total", "Sessions opened.", ["mode"])
        self.refused = self._counter(
            "refused_total", "Connections refused before they became sessions.", ["code"]
        )
        self.detached = self._gauge("detached", "Sessions that wait for their client to come back.")
        self.resumes = self._counter(
            "resumes_total",
            "Sessions whose client came back (to the process that had them: resumed, to another: "
            "adopted), did not in time (expired), or could not be served (refused).",
            ["outcome"],
        )
        self.replayed = self._counter(
            "replayed_total", "Events sent again to clients that came back."
        )
        self.rest_active = self._gauge("rest_active", "REST requests under way.", ["endpoint"])
        self.rest_requests = self._counter(
            "rest_requests_total",
            "REST requests by HTTP status; 499: the client left.",
            ["endpoint", "status"],
        )
        self.errors = self._counter("errors_total", "Errors told to clients.", ["code"])
        self.limit_hits = self._counter("limit_hits_total", "Limits reached.", ["limit"])

    def _watch_conversations(self) -> None:
        self.turns = self._counter(
            "turns_total",
            "User turns by outcome: heard, empty, ignored (no wake phrase), dropped, failed.",
            ["outcome"],
        )
        self.replies = self._counter("replies_total", "Replies by status.", ["status"])
        self.stages = self._histogram(
            "stage_seconds",
            "Where a turn's time goes between end of speech and first audio.",
            ["stage"],
            buckets=STAGE_BUCKETS_S,
        )
        self.late_events = self._counter(
            "late_events_total",
            "Results that arrived after their reply was stopped, and were dropped.",
        )
        self.false_interruptions = self._counter(
            "false_interruptions_total", "Replies that were paused and went on."
        )
        self.echoes = self._counter("echoes_total", "Times the assistant heard itself.")
        self.transcript_lines = self._counter(
            "transcript_lines_total",
            "Lines of transcripts: on disk (kept), tried again (failed), given up (lost).",
            ["outcome"],
        )
        self.tool_calls = self._counter(
            "tool_calls_total", "Tools the language model called, by who runs them.", ["by"]
        )

    def _watch_speculation(self) -> None:
        self.speculations = self._counter(
            "speculations_total",
            "Replies begun before the turn had ended, by outcome: used, wasted.",
            ["outcome"],
        )
        self.speculation_wasted_tokens = self._counter(
            "speculation_wasted_tokens_total", "Pieces of text made for turns that went on."
        )
        self.speculation_wasted_seconds = self._counter(
            "speculation_wasted_seconds_total", "Seconds of audio made for turns that went on."
        )

    def _watch_language_models(self) -> None:
        self.llm_replies = self._counter(
            "llm_replies_total",
            "Replies of language models by outcome: whole, or how they failed.",
            ["llm", "outcome"],
        )
        self.llm_tokens = self._counter(
            "llm_tokens_total",
            "Tokens by kind: prompt, cached (part of prompt), completion; warm-ups not included.",
            ["llm", "kind"],
        )
        self.llm_warm_ups = self._counter(
            "llm_warm_ups_total", "Prompts sent ahead of their replies.", ["llm"]
        )
        self.llm_resting = self._gauge(
            "llm_resting", "1 while a language model is left alone after failures.", ["llm"]
        )
        self.llm_restarts = self._counter(
            "llm_restarts_total", "Times that a vLLM of our own was started again.", ["llm"]
        )

    def _watch_the_store(self) -> None:
        self.store_seconds = self._histogram(
            "store_seconds", "How long Redis takes, by step.", ["step"], buckets=STORE_BUCKETS_S
        )
        self.store_failures = self._counter(
            "store_failures_total",
            "Steps that Redis did not take: silent (no answer in time), refused (an error).",
            ["step", "how"],
        )
        self.call_commits = self._counter(
            "call_commits_total",
            "What calls gave to the store: kept, failed (no store), fenced (another process has "
            "the call), missing (the store knew nothing of it).",
            ["outcome"],
        )
        self.undurable = self._gauge(
            "undurable", "Calls of which the store does not know everything."
        )
        self.store_resting = self._gauge(
            "store_resting", "1 while Redis is left alone after failures."
        )

    def _watch_the_loop(self) -> None:
        self.loop_stalls = self._counter("loop_stalls_total", "Times the event loop stood still.")
        self.loop_lag = self._histogram(
            "loop_lag_seconds", "How late the event loop wakes up.", buckets=LAG_BUCKETS_S
        )

    def reply_done(self, status: str, parts: Mapping[str, float]) -> None:
        """Count a reply and its ledger (milliseconds by part)."""
        self.replies.labels(status).inc()
        for part, ms in parts.items():
            self.stages.labels(part.removesuffix("_ms")).observe(ms / 1000)

    def watch_queues(self, depths: Callable[[], Mapping[str, int]]) -> None:
        """Ask `depths` for the jobs waiting per class at every scrape."""
        self.registry.register(_Queues(depths))

    def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    async def probe_loop(self) -> None:
        """Measure loop lag until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            expected = loop.time() + LAG_PROBE_S
            await asyncio.sleep(LAG_PROBE_S)
            lag_s = max(0.0, loop.time() - expected)
            self.loop_lag.observe(lag_s)
            self.loop_lagged(lag_s)


def _unnoticed(lag_s: float) -> None:
    """Nobody else minds."""


def _unheard(session: str, measured: TurnMeasured) -> None:
    """Nobody follows single turns."""


class _Queues(Collector):
    """Queue depths, read when somebody looks."""

    def __init__(self, depths: Callable[[], Mapping[str, int]]) -> None:
        self._depths = depths

    def collect(self) -> list[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            f"{NAMESPACE}_queue_depth", "Jobs waiting for a model worker.", labels=["class"]
        )
        for name, depth in self._depths().items():
            family.add_metric([name], depth)
        return [family]
