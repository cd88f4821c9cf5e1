"""Errors of an endpoint: the right kind, the endpoint's address, a remedy."""

import pytest

from models.llm import ChatFailure
from models.llm.chat_errors import RETRY_S, Complaints, Unavailable
from models.llm.chat_wire import EndpointError

pytestmark = pytest.mark.pure

_ENDPOINT = "http://gpu:8000/v1"
_complaints = Complaints(_ENDPOINT)


@pytest.mark.parametrize(
    ("status", "failure", "remedy"),
    [
        (301, ChatFailure.REFUSED, "final address"),
        (400, ChatFailure.REFUSED, "model's context"),
        (401, ChatFailure.REFUSED, "API key"),
        (404, ChatFailure.REFUSED, "model's name"),
        (418, ChatFailure.REFUSED, "OpenAI-compatible"),
        (429, ChatFailure.UNREACHABLE, "limiting"),
        (500, ChatFailure.UNREACHABLE, "log"),
        (503, ChatFailure.UNREACHABLE, "log"),
    ],
)
def test_a_status_becomes_a_failure_with_a_remedy(
    status: int, failure: ChatFailure, remedy: str
) -> None:
    error = _complaints.refusal(status)
    assert error.failure is failure
    assert str(error).startswith(f"The LLM endpoint {_ENDPOINT} answered {status}. ")
    assert remedy in str(error)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("", RETRY_S), ("3", 3.0), ("-3", RETRY_S), ("Fri, 31 Dec 1999 23:59:59 GMT", RETRY_S)],
)
def test_retry_after(retry_after: str, seconds: float) -> None:
    error = _complaints.refusal(503, retry_after)
    assert isinstance(error, Unavailable)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize(
    ("status", "begun", "failure"),
    [
        (503, False, ChatFailure.UNREACHABLE),
        (503, True, ChatFailure.BROKEN),
        (400, False, ChatFailure.REFUSED),
        (None, False, ChatFailure.BROKEN),
    ],
)
def test_an_error_inside_the_stream(status: int | None, begun: bool, failure: ChatFailure) -> None:
    error = _complaints.reported(EndpointError("Overloaded", status), begun)
    assert error.failure is failure
    assert "Overloaded" in str(error)
