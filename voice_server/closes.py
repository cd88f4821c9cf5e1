"""Every error a client can be told, its HTTP status, and the close code that goes with it.

One table. A close is always explained first by an `error` event with the same code. The range of
the close code tells the client what to do: 40xx come back (resume, with back-off), 45xx do not.
"""

from dataclasses import dataclass
from enum import StrEnum


class ErrorCode(StrEnum):
    """Names that clients may rely on."""

    HELLO_TIMEOUT = "hello_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    SLOW_CONSUMER = "slow_consumer"
    RATE_LIMITED = "rate_limited"
    MAX_SESSION = "max_session"
    INPUT_OVERRUN = "input_overrun"
    INTERNAL = "internal"
    ASR_FAILED = "asr_failed"
    LLM_FAILED = "llm_failed"
    TTS_FAILED = "tts_failed"
    NO_CAPACITY = "no_capacity"
    BAD_REQUEST = "bad_request"
    UNSUPPORTED_FORMAT = "unsupported_format"
    BAD_FRAME = "bad_frame"
    BAD_AUDIO = "bad_audio"
    UNKNOWN_TYPE = "unknown_type"
    UNAUTHORIZED = "unauthorized"
    TOKEN_EXPIRED = "token_expired"
    REVOKED = "revoked"
    FORBIDDEN = "forbidden"
    ORIGIN_DENIED = "origin_denied"
    SESSION_NOT_FOUND = "session_not_found"
    TAKEN_OVER = "taken_over"
    TOO_LARGE = "too_large"
    BUDGET_EXCEEDED = "budget_exceeded"


@dataclass(frozen=True, slots=True)
class Close:
    """What follows a fatal error."""

    http_status: int
    """For the same refusal before the upgrade."""
    code: int
    """WebSocket close code (RFC 6455, 7.4.2: 4000-4999 are ours)."""


CLOSES: dict[ErrorCode, Close] = {
    ErrorCode.HELLO_TIMEOUT: Close(408, 4008),
    ErrorCode.IDLE_TIMEOUT: Close(408, 4008),
    ErrorCode.SLOW_CONSUMER: Close(408, 4010),
    ErrorCode.RATE_LIMITED: Close(429, 4029),
    ErrorCode.MAX_SESSION: Close(429, 4029),
    ErrorCode.INPUT_OVERRUN: Close(429, 4029),
    ErrorCode.INTERNAL: Close(500, 4050),
    ErrorCode.ASR_FAILED: Close(500, 4050),
    ErrorCode.LLM_FAILED: Close(500, 4050),
    ErrorCode.TTS_FAILED: Close(500, 4050),
    ErrorCode.NO_CAPACITY: Close(503, 4053),
    ErrorCode.BAD_REQUEST: Close(400, 4500),
    ErrorCode.UNSUPPORTED_FORMAT: Close(400, 4500),
    ErrorCode.BAD_FRAME: Close(400, 4500),
    ErrorCode.BAD_AUDIO: Close(400, 4500),
    ErrorCode.UNKNOWN_TYPE: Close(400, 4500),
    ErrorCode.UNAUTHORIZED: Close(401, 4501),
    ErrorCode.TOKEN_EXPIRED: Close(401, 4501),
    ErrorCode.REVOKED: Close(401, 4501),
    ErrorCode.FORBIDDEN: Close(403, 4503),
    ErrorCode.ORIGIN_DENIED: Close(403, 4503),
    ErrorCode.SESSION_NOT_FOUND: Close(404, 4504),
    ErrorCode.TAKEN_OVER: Close(409, 4509),
    ErrorCode.TOO_LARGE: Close(413, 4513),
    ErrorCode.BUDGET_EXCEEDED: Close(429, 4529),
}

GOING_AWAY = 1001
"""Drain: come back, perhaps to another process."""

NORMAL = 1000
"""The client said goodbye."""
