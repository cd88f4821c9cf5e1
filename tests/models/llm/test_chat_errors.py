"""Errors of an endpoint: the right kind, the endpoint's address, a remedy."""

import pytest

from models.llm import ChatFailure
from models.llm.chat_errors import RETRY_S, Complaints, KeyRefused, Unavailable
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
    ("body", "remedy"),
    [
        (b'"auto" requires --enable-auto-tool-choice and --tool-call-parser', "Start vLLM with"),
        (b"tinyllama does not support tools", "cannot call tools"),
        (b"This model's maximum context length is 8192 tokens", "longer than the model's context"),
        (b"exceeds the available context size", "longer than the model's context"),
    ],
)
def test_what_a_refusal_says_leads_to_the_remedy(body: bytes, remedy: str) -> None:
    error = _complaints.refusal(400, body=body)
    assert remedy in str(error)
    assert body.decode() not in str(error)


@pytest.mark.parametrize("has_key", [True, False])
@pytest.mark.parametrize("status", [401, 403])
def test_keys(status: int, has_key: bool) -> None:
    complaints = Complaints(_ENDPOINT, has_key=has_key)
    errors = [
        complaints.refusal(status),
        complaints.no_list(status),
        complaints.reported(EndpointError("authentication_error", status), begun=False),
    ]
    says = "the configured API key" if has_key else "none is configured: set llm.api_key"
    assert all(isinstance(error, KeyRefused) and says in str(error) for error in errors)


def test_models_that_are_not_served() -> None:
    assert "serves Qwen3-8B." in str(_complaints.no_such_model("qwen3-8b", ["gemma", "Qwen3-8B"]))
    assert "serves a, b, c." in str(_complaints.no_such_model("qwen", ["a", "b", "c", "d"]))


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
