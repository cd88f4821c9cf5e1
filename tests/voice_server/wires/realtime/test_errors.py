"""Errors in OpenAI's words: clients compare codes, and the beginnings of messages."""

import pytest

from voice_server.closes import ErrorCode
from voice_server.wires.realtime import errors

pytestmark = pytest.mark.pure

ATTESTED = {
    "response_cancel_not_active": (
        errors.nothing_to_cancel(),
        "Cancellation failed: no active response found",
    ),
    "conversation_already_has_active_response": (
        errors.already_answering("resp_1"),
        "Conversation already has an active response in progress: resp_1. Wait until the response "
        "is finished before creating a new one.",
    ),
    "input_audio_buffer_commit_empty": (
        errors.buffer_too_small(0),
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
        "but buffer only has 0.00ms of audio.",
    ),
    "item_retrieve_invalid_item_id": (
        errors.no_such_item("retrieve", "a"),
        "Item with id 'a' not found.",
    ),
}


@pytest.mark.parametrize("code", ATTESTED)
def test_what_clients_compare(code: str) -> None:
    error, message = ATTESTED[code]
    assert (error.reason, str(error)) == (code, message)


def test_every_code_has_a_close_that_these_clients_know() -> None:
    closes = {errors.close_code(code) for code in ErrorCode}
    assert closes <= {1001, 1008, 1009, 1011, 1013}
    assert errors.close_code(ErrorCode.MAX_SESSION) == 1001
    assert errors.close_code(ErrorCode.UNAUTHORIZED) == errors.POLICY_VIOLATION


@pytest.mark.parametrize(
    ("code", "theirs", "type"),
    [
        (ErrorCode.LLM_FAILED, "server_error", "server_error"),
        (ErrorCode.MAX_SESSION, "session_expired", "invalid_request_error"),
        (ErrorCode.BUDGET_EXCEEDED, "insufficient_quota", "invalid_request_error"),
        (ErrorCode.RATE_LIMITED, "rate_limit_exceeded", "invalid_request_error"),
        (ErrorCode.TOO_LARGE, "too_large", "invalid_request_error"),
    ],
)
def test_our_codes_as_theirs(code: ErrorCode, theirs: str, type: str) -> None:
    assert (errors.code_of(code), errors.type_of(code)) == (theirs, type)


def test_a_long_name_is_not_repeated_whole() -> None:
    assert len(str(errors.no_such_item("delete", "x" * 1000))) < 200
