"""What differs between protocols on a WebSocket besides their wires: sizes, refusals, closes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voice_server.closes import CLOSES, ErrorCode
from voice_server.identity.identity import Refusal
from voice_server.settings import LimitSettings

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manners:
    """How one protocol behaves."""

    close_code: Callable[[ErrorCode], int]
    """What follows a fatal error."""
    refusal: Callable[[Refusal], Json]
    """The body of an HTTP answer that says no."""
    text_bytes_max: int | None = None
    """Of one text message, where audio comes as text; None: as the limits say."""
    idle_timeout_s: float | None = None
    """Without audio or messages, where clients expect another; None: as the limits say."""

    def limits(self, limits: LimitSettings) -> LimitSettings:
        """The limits of a connection that speaks this protocol."""
        changes: dict[str, float] = {}
        if self.text_bytes_max is not None:
            changes["message_bytes_max"] = changes["text_bytes_max"] = self.text_bytes_max
        if self.idle_timeout_s is not None:
            changes["idle_timeout_s"] = self.idle_timeout_s
        return limits.model_copy(update=changes) if changes else limits


def _refusal(refusal: Refusal) -> Json:
    return {"error": {"code": refusal.code, "message": refusal.message}}


OURS = Manners(close_code=lambda code: CLOSES[code].code, refusal=_refusal)
"""The native protocol's."""
