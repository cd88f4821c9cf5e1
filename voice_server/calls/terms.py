"""On what terms a client talks to us."""

from collections.abc import Callable
from dataclasses import dataclass

from voice_server.closes import ErrorCode
from voice_server.metrics import Metrics
from voice_server.settings import LimitSettings


@dataclass(frozen=True, slots=True)
class Terms:
    """The same for all calls of one protocol."""

    limits: LimitSettings
    close_code: Callable[[ErrorCode], int]
    """What follows a fatal error."""
    metrics: Metrics
