"""What is wrong, in the words that OpenAI's clients know.

Clients compare some of these codes, and the beginnings of some messages, so both are OpenAI's own
where they are known. Pure.
"""

from collections.abc import Mapping
from typing import Any

from voice_server.closes import ErrorCode

Json = dict[str, Any]


class RefusalError(Exception):
    """A message that cannot be obeyed; the text is a sentence for whoever wrote the client."""

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        param: str | None = None,
        event_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        """OpenAI's code."""
        self.param = param
        """The field that is wrong, e.g. `session.audio.output.speed`."""
        self.event_id = event_id
        """Of the client's message, where only the decoder has seen it."""


def invalid(param: str, message: str) -> RefusalError:
    """A field has a value that means nothing here."""
    return RefusalError("invalid_value", message, param=param)


def missing(param: str) -> RefusalError:
    """A field that must be there is not."""
    message = f"Missing required parameter: '{param}'."
    return RefusalError("missing_required_parameter", message, param=param)


def buffer_too_small(ms: float) -> RefusalError:
    """A commit of nothing, or of less than can be a word."""
    return RefusalError(
        "input_audio_buffer_commit_empty",
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
        f"but buffer only has {ms:.2f}ms of audio.",
    )


def nothing_to_cancel() -> RefusalError:
    """Nobody answers at the moment."""
    message = "Cancellation failed: no active response found"
    return RefusalError("response_cancel_not_active", message)


def already_answering(response: str) -> RefusalError:
    """One response at a time."""
    return RefusalError(
        "conversation_already_has_active_response",
        f"Conversation already has an active response in progress: {response}. "
        "Wait until the response is finished before creating a new one.",
    )


def no_such_item(verb: str, item: str) -> RefusalError:
    """`verb` is retrieve, delete, truncate or create (after an item)."""
    reason = f"item_{verb}_invalid_item_id"
    return RefusalError(reason, f"Item with id '{item[:128]}' not found.", param="item_id")


def item_exists(item: str) -> RefusalError:
    """Two items of one name."""
    message = f"An item with id '{item[:128]}' exists already in the conversation."
    return RefusalError("item_create_duplicate_item_id", message, param="item.id")


_CODES = {
    ErrorCode.BAD_REQUEST: "invalid_value",
    ErrorCode.UNKNOWN_TYPE: "invalid_event",
    ErrorCode.BAD_FRAME: "invalid_event",
    ErrorCode.RATE_LIMITED: "rate_limit_exceeded",
    ErrorCode.NO_CAPACITY: "rate_limit_exceeded",
    ErrorCode.MAX_SESSION: "session_expired",
    ErrorCode.UNAUTHORIZED: "invalid_api_key",
    ErrorCode.TOKEN_EXPIRED: "invalid_api_key",
    ErrorCode.REVOKED: "invalid_api_key",
    ErrorCode.BUDGET_EXCEEDED: "insufficient_quota",
    ErrorCode.INTERNAL: "server_error",
    ErrorCode.ASR_FAILED: "server_error",
    ErrorCode.LLM_FAILED: "server_error",
    ErrorCode.TTS_FAILED: "server_error",
}
"""Where OpenAI has another word for it."""

_CLOSES: Mapping[ErrorCode, int] = {
    ErrorCode.MAX_SESSION: 1001,
    ErrorCode.IDLE_TIMEOUT: 1001,
    ErrorCode.HELLO_TIMEOUT: 1001,
    ErrorCode.TOO_LARGE: 1009,
    ErrorCode.INTERNAL: 1011,
    ErrorCode.ASR_FAILED: 1011,
    ErrorCode.LLM_FAILED: 1011,
    ErrorCode.TTS_FAILED: 1011,
    ErrorCode.NO_CAPACITY: 1013,
    ErrorCode.RATE_LIMITED: 1013,
    ErrorCode.SLOW_CONSUMER: 1013,
}
"""Clients of this protocol know the codes of RFC 6455, 7.4.1 only, and come back after these."""

POLICY_VIOLATION = 1008
"""Do not come back like this."""


def code_of(code: ErrorCode) -> str:
    """Our code as OpenAI's clients know it."""
    return _CODES.get(code, code.value)


def close_code(code: ErrorCode) -> int:
    """The close code that follows a fatal error."""
    return _CLOSES.get(code, POLICY_VIOLATION)


def type_of(code: ErrorCode) -> str:
    """Whose fault it is."""
    return "server_error" if code_of(code) == "server_error" else "invalid_request_error"


def error_event(
    type: str, code: str, message: str, param: str | None, event_id: str | None
) -> Json:
    """The `error` event; `event_id` is that of the client's message."""
    error = {"type": type, "code": code, "message": message, "param": param, "event_id": event_id}
    return {"type": "error", "error": error}
