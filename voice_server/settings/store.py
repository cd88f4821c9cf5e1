"""Where that is kept which outlives a request, and which several processes share."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from voice_server.settings.section import Milliseconds, Seconds, Section


class StoreSettings(Section):
    """Where tickets, counts, budgets and sessions are kept: in this process, or in Redis."""

    url: str = Field(default="", repr=False)
    """`redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` for TLS, or
    `unix://[USER:PASSWORD@]/PATH`; needs the extra `redis`. Empty: in the memory of this process,
    which then has to be the only one."""
    password_file: Path | None = None
    """Holds the password, if the URL shall not."""
    ca_file: Path | None = None
    """Certificates (PEM) to believe with `rediss://`, if not the system's."""
    durability: Literal["warn", "require"] = "warn"
    """What to do at start where Redis would forget on a crash (no AOF), or evict what must stay:
    say so, or refuse to start."""
    timeout_ms: Annotated[Milliseconds, Field(ge=10, le=10_000)] = 250
    """For one step, connecting included. Nothing is tried twice."""
    connections_max: Annotated[int, Field(ge=1, le=1000)] = 16
    """Of this process. Who finds none free within `timeout_ms` is told that there is no store."""
    breaker_failures_max: Annotated[int, Field(ge=1, le=100)] = 5
    """Steps in a row that Redis did not answer; then it is left alone."""
    breaker_within_s: Seconds = 30.0
    """All of them within this time."""
    breaker_rest_s: Seconds = 5.0
    """How long it is left alone."""
    call_touch_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """A call of which there is nothing to tell says so often that it lives; so soon it also learns
    that another process has it."""
    call_retry_s: Annotated[float, Field(gt=0, le=60)] = 1.0
    """So often a call tries to make up for what it could not commit."""
    call_margin_s: Seconds = 60.0
    """A call is kept for `limits.resume_s` and so much longer: its process may have died when its
    client was away already."""
