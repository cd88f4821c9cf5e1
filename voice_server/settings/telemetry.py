"""Where traces of turns go, if anywhere."""

from typing import Annotated

from pydantic import AnyHttpUrl, Field

from voice_server.settings.section import Section


class TelemetrySettings(Section):
    """Traces for OpenTelemetry: one per answered turn, when each stage was reached, no words."""

    endpoint: AnyHttpUrl | None = None
    """Of a collector, OTLP over HTTP, e.g. `http://collector:4318/v1/traces`; needs the extra
    `otel`. Headers for it: `OTEL_EXPORTER_OTLP_HEADERS`. None: no traces."""
    service_name: Annotated[str, Field(min_length=1, max_length=100)] = "voice-server"
    """How this server is called among others."""
    spans_waiting_max: Annotated[int, Field(ge=64, le=1_000_000)] = 4096
    """Spans that may wait for the collector; what comes then is lost."""
    send_every_ms: Annotated[int, Field(ge=50, le=600_000)] = 5000
    """How often they are sent."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long the collector may take, also when the server ends."""
