"""Counts what happens at the language models, for Prometheus."""

from models.llm import ChatFailure, Completed
from voice_server.metrics import Metrics


class ChatMeter:
    """A `ChatWatcher`. The models are loaded before there is a server whose metrics count."""

    def __init__(self) -> None:
        self._metrics = Metrics()

    def attach(self, metrics: Metrics) -> None:
        """Count here from now on."""
        self._metrics = metrics

    def replied(self, endpoint: str, completed: Completed) -> None:
        """The share of the cache is `cached` over `prompt`."""
        self._metrics.llm_replies.labels(endpoint, "whole").inc()
        counts = {
            "prompt": completed.prompt_tokens,
            "cached": completed.cached_tokens,
            "completion": completed.completion_tokens,
        }
        for kind, tokens in counts.items():
            self._metrics.llm_tokens.labels(endpoint, kind).inc(max(0, tokens or 0))

    def failed(self, endpoint: str, failure: ChatFailure) -> None:
        """See `ChatWatcher`."""
        self._metrics.llm_replies.labels(endpoint, failure.value).inc()

    def warmed(self, endpoint: str, completed: Completed) -> None:
        """See `ChatWatcher`."""
        self._metrics.llm_warm_ups.labels(endpoint).inc()

    def limit_hit(self, limit: str) -> None:
        """See `ChatWatcher`."""
        self._metrics.limit_hits.labels(limit).inc()

    def rested(self, endpoint: str, resting: bool) -> None:
        """See `ChatWatcher`."""
        self._metrics.llm_resting.labels(endpoint).set(resting)

    def restarted(self, endpoint: str) -> None:
        """See `ChatWatcher`."""
        self._metrics.llm_restarts.labels(endpoint).inc()
