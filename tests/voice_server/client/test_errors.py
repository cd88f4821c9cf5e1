"""What statuses and close codes mean, and whether to come back."""

import pytest

from voice_server.client.errors import (
    CallError,
    ConnectionLost,
    ConnectionRefused,
    NotAllowed,
    ProtocolError,
    ServerFull,
    Unauthorized,
    ending,
    refusal,
)
from voice_server.closes import CLOSES, ErrorCode

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("status", "kind", "may_come_back"),
    [
        (401, Unauthorized, False),
        (403, NotAllowed, False),
        (404, ConnectionRefused, False),
        (429, ServerFull, True),
        (502, ConnectionRefused, True),
        (503, ServerFull, True),
    ],
)
def test_a_status_in_place_of_the_upgrade(
    status: int, kind: type[CallError], may_come_back: bool
) -> None:
    error = refusal(status, None, "ws://host/")
    assert type(error) is kind
    assert error.may_come_back is may_come_back
    assert "ws://host/" in str(error)


@pytest.mark.parametrize(("header", "wait_s"), [("7", 7.0), (None, 1.0), ("tomorrow", 1.0)])
def test_a_full_server_says_when_to_come_back(header: str | None, wait_s: float) -> None:
    assert refusal(503, header, "ws://host/").retry_after_s == wait_s


def test_an_end_in_good_order_is_no_error() -> None:
    assert ending(1000, "") is None


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1012, 1013, None])
def test_a_connection_that_broke_may_come_back(code: int | None) -> None:
    error = ending(code, "")
    assert isinstance(error, ConnectionLost)
    assert error.may_come_back


@pytest.mark.parametrize("code", [1002, 1007, 1009, 4599])
def test_what_would_happen_again_does_not_come_back(code: int) -> None:
    error = ending(code, "")
    assert isinstance(error, ProtocolError)
    assert not error.may_come_back


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_close_of_the_server_follows_the_ranges(code: ErrorCode) -> None:
    error = ending(CLOSES[code].code, "Because.")
    assert error is not None
    assert str(error) == "Because."
    assert error.may_come_back is (CLOSES[code].code < 4500)


def test_the_names_of_the_closes() -> None:
    assert isinstance(ending(CLOSES[ErrorCode.UNAUTHORIZED].code, ""), Unauthorized)
    assert isinstance(ending(CLOSES[ErrorCode.REVOKED].code, ""), Unauthorized)
    assert isinstance(ending(CLOSES[ErrorCode.FORBIDDEN].code, ""), NotAllowed)
    assert isinstance(ending(CLOSES[ErrorCode.BUDGET_EXCEEDED].code, ""), NotAllowed)
    assert isinstance(ending(CLOSES[ErrorCode.NO_CAPACITY].code, ""), ServerFull)
    assert isinstance(ending(CLOSES[ErrorCode.BAD_FRAME].code, ""), ProtocolError)
