"""The error table is whole, and the range of a close code tells the client what to do."""

import pytest

from voice_server.closes import CLOSES, GOING_AWAY, NORMAL, ErrorCode

pytestmark = pytest.mark.pure

TRANSIENT = frozenset((408, 429, 500, 503))
"""HTTP statuses after which the same request may succeed later."""


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_has_a_status_and_a_close_code(code: ErrorCode) -> None:
    close = CLOSES[code]
    assert 400 <= close.http_status <= 599
    assert 4000 <= close.code <= 4999


@pytest.mark.parametrize("code", ErrorCode)
def test_clients_come_back_exactly_where_that_may_help(code: ErrorCode) -> None:
    close = CLOSES[code]
    helps = close.http_status in TRANSIENT and code is not ErrorCode.BUDGET_EXCEEDED
    assert (close.code < 4500) is helps  # a budget is renewed at midnight, not in a moment


def test_one_close_code_means_one_http_status() -> None:
    statuses: dict[int, set[int]] = {}
    for close in CLOSES.values():
        statuses.setdefault(close.code, set()).add(close.http_status)
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


def test_good_order_is_not_an_error() -> None:
    assert (NORMAL, GOING_AWAY) == (1000, 1001)
    assert {NORMAL, GOING_AWAY}.isdisjoint(close.code for close in CLOSES.values())
