"""Traces of turns, if the settings ask for them: opened with the server, flushed at its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from voice_server.metrics import Metrics
from voice_server.settings import SettingsError, TelemetrySettings

if TYPE_CHECKING:
    from voice_server.traces import TurnTraces


@asynccontextmanager
async def tracing(settings: TelemetrySettings, metrics: Metrics) -> AsyncIterator[None]:
    """Trace every turn that `metrics` is told of, meanwhile.

    Raises `SettingsError` if traces are wanted, but the extra `otel` is not installed.
    """
    if settings.endpoint is None:
        yield
        return
    traces = await asyncio.to_thread(_begin, settings)
    metrics.turn_measured = traces.turn
    try:
        yield
    finally:
        await asyncio.to_thread(traces.close)


def _begin(settings: TelemetrySettings) -> "TurnTraces":
    """Blocks for a tenth of a second: the SDK is large, and looks for what it can add."""
    try:
        from voice_server.traces import TurnTraces  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            f"telemetry.endpoint: traces need {error.name}, which is not installed; "
            "install voice-server with the extra otel, or unset it"
        ) from None
    return TurnTraces(settings)
