"""The ledger of each turn as an OpenTelemetry trace: one span for the turn, one for each stage.

A turn is measured when the first audio of its answer leaves, so its trace is made afterwards, from
the end backwards: the stages follow one another without a gap, as in the ledger (`timeline`). There
are no words in it. Spans are sent by a thread of the SDK, over HTTP, in batches; a collector that
is slow or gone costs spans, never a turn.

Needs the extra `otel`; import this module only if `telemetry.endpoint` is set.
"""

import time
from collections.abc import Iterator, Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import set_span_in_context

from voice_server import __version__
from voice_server.conversation.timeline import PARTS
from voice_server.events import TurnMeasured
from voice_server.settings import TelemetrySettings

BATCH_MAX = 512
NS_PER_MS = 1_000_000


class TurnTraces:
    """Sends turns to one collector. Call `close` in the end; it waits for the last ones."""

    def __init__(self, settings: TelemetrySettings) -> None:
        exporter = OTLPSpanExporter(str(settings.endpoint), timeout=settings.timeout_s)
        names = {SERVICE_NAME: settings.service_name, SERVICE_VERSION: __version__}
        self._provider = TracerProvider(resource=Resource.create(names), shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=settings.spans_waiting_max,
                schedule_delay_millis=settings.send_every_ms,
                max_export_batch_size=min(BATCH_MAX, settings.spans_waiting_max),
            )
        )
        self._tracer = self._provider.get_tracer("voice_server")

    def turn(self, session: str, measured: TurnMeasured, now_ns: int | None = None) -> None:
        """Trace a turn whose first audio has just left, at `now_ns` of the time of day."""
        stages = list(laid_out(measured.metrics))
        if not stages:
            return
        end_ns = time.time_ns() if now_ns is None else now_ns
        begin_ns = end_ns - stages[-1][2]
        numbers: dict[str, str | int] = {"voice.session": session, "voice.reply": measured.reply}
        if measured.turn is not None:
            numbers["voice.turn"] = measured.turn
        whole = self._tracer.start_span("turn", start_time=begin_ns, attributes=numbers)
        inside = set_span_in_context(whole)
        for name, start_ns, stop_ns in stages:
            part = self._tracer.start_span(name, inside, start_time=begin_ns + start_ns)
            part.end(begin_ns + stop_ns)
        whole.end(end_ns)

    def close(self) -> None:
        """Send what waits. Blocks until that is done or the collector's time is over."""
        self._provider.shutdown()


def laid_out(parts: Mapping[str, float]) -> Iterator[tuple[str, int, int]]:
    """The stages of a ledger (milliseconds by part), in order: name, start and end in ns."""
    at_ns = 0
    for part in PARTS.values():
        if part in parts:
            end_ns = at_ns + round(parts[part] * NS_PER_MS)
            yield part.removesuffix("_ms"), at_ns, end_ns
            at_ns = end_ns
