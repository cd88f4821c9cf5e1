"""Errors as OpenAI's clients expect them: a status, and one JSON object that says what is wrong.

The clients turn the status into an exception class and try again after 408, 409, 429 and 5xx.
"""

import re
from typing import TypeVar

import msgspec

from voice_server.admission import Refusal
from voice_server.closes import CLOSES, ErrorCode

AnyStruct = TypeVar("AnyStruct", bound=msgspec.Struct)

_CODES = {
    ErrorCode.UNAUTHORIZED: "invalid_api_key",
    ErrorCode.RATE_LIMITED: "rate_limit_exceeded",
    ErrorCode.BUDGET_EXCEEDED: "insufficient_quota",
}
"""Where OpenAI has another word for it."""

_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<name>\w+)`")


class ApiError(Exception):
    """A request that cannot be answered. The message is a sentence for whoever sent it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """HTTP."""
        self.code = code
        self.param = param
        """The field that is wrong."""
        self.retry_after_s = retry_after_s

    @property
    def body(self) -> dict[str, object]:
        """The JSON of the answer, and of an event that breaks off a stream."""
        error = {
            "message": str(self),
            "type": _type(self.status),
            "param": self.param,
            "code": self.code,
        }
        return {"error": error}

    @property
    def headers(self) -> dict[str, str]:
        """When to come back, where coming back can help."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


def refused(refusal: Refusal) -> ApiError:
    """What the door says, in OpenAI's words."""
    return ApiError(
        CLOSES[refusal.code].http_status,
        refusal.message,
        code=_CODES.get(refusal.code, refusal.code.value),
        retry_after_s=refusal.retry_after_s,
    )


def missing(param: str) -> ApiError:
    """A required field is not there."""
    return ApiError(
        400, f"The field {param} is required.", code="missing_required_parameter", param=param
    )


def invalid(param: str, message: str) -> ApiError:
    """A field has a value that means nothing here."""
    return ApiError(400, message, code="invalid_value", param=param)


def unsupported(param: str, message: str) -> ApiError:
    """A field asks for something that OpenAI can do and this server cannot."""
    return ApiError(400, message, code="unsupported_parameter", param=param)


def decode(body: bytes, kind: type[AnyStruct]) -> AnyStruct:
    """Parse a JSON body. Raises `ApiError` that names the field."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _wrong_field(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, "The body is not JSON.", code="invalid_json") from error


def _wrong_field(message: str) -> ApiError:
    absent = _MISSING.search(message)
    found = _PLACE.search(message)
    place = found["place"] if found else ""
    if absent:
        return missing(f"{place}.{absent['name']}".lstrip("."))
    sentence = _PLACE.sub("", message)
    return invalid(place or "body", f"{place or 'The body'}: {sentence[:1].lower()}{sentence[1:]}.")


def _type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
