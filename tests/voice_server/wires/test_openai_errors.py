"""Errors name the field and the remedy, in the shape that OpenAI's clients parse."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.admission import Refusal
from voice_server.closes import ErrorCode
from voice_server.wires.openai_errors import ApiError, decode, invalid, missing, refused

pytestmark = pytest.mark.pure


class Inner(msgspec.Struct):
    """For these tests."""

    size: int


class Body(msgspec.Struct):
    """For these tests."""

    name: str
    inner: list[Inner] = []


def problem(body: bytes) -> ApiError:
    with pytest.raises(ApiError) as caught:
        decode(body, Body)
    return caught.value


@pytest.mark.parametrize(
    ("body", "param", "code", "says"),
    [
        (b"{}", "name", "missing_required_parameter", "The field name is required."),
        (b'{"name": 3}', "name", "invalid_value", "name: expected `str`, got `int`."),
        (
            b'{"name": "a", "inner": [{}]}',
            "inner[0].size",
            "missing_required_parameter",
            "The field inner[0].size is required.",
        ),
        (b"[]", "body", "invalid_value", "The body: expected `object`, got `array`."),
        (b"nonsense", None, "invalid_json", "The body is not JSON."),
        (b"\xff\xfe", None, "invalid_json", "The body is not JSON."),
        (b'{"x": ' + b"[" * 100_000, None, "invalid_json", "The body is not JSON."),
    ],
)
def test_a_wrong_body(body: bytes, param: str | None, code: str, says: str) -> None:
    error = problem(body)
    assert (error.status, error.param, error.code, str(error)) == (400, param, code, says)


@given(st.binary())
def test_any_bytes_are_understood_or_explained(body: bytes) -> None:
    try:
        decode(body, Body)
    except ApiError as error:
        assert error.status == 400


def test_the_body_has_openais_shape() -> None:
    body = json.loads(json.dumps(missing("file").body))
    assert body == {
        "error": {
            "message": "The field file is required.",
            "type": "invalid_request_error",
            "param": "file",
            "code": "missing_required_parameter",
        }
    }


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (invalid("n", "no"), "invalid_request_error"),
        (ApiError(429, "later"), "rate_limit_error"),
        (ApiError(500, "broken"), "server_error"),
        (ApiError(503, "full"), "server_error"),
    ],
)
def test_the_type_follows_the_status(error: ApiError, kind: str) -> None:
    inner = error.body["error"]
    assert isinstance(inner, dict)
    assert inner["type"] == kind


def test_the_door_speaks_openais_language() -> None:
    denied = refused(Refusal(ErrorCode.UNAUTHORIZED, "A key is needed."))
    assert (denied.status, denied.code, denied.headers) == (401, "invalid_api_key", {})
    assert refused(Refusal(ErrorCode.ORIGIN_DENIED, "Not you.")).status == 403
    busy = refused(Refusal(ErrorCode.RATE_LIMITED, "Slower.", 5))
    assert (busy.status, busy.code) == (429, "rate_limit_exceeded")
    assert busy.headers == {"Retry-After": "5"}
