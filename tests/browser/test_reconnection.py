"""web/reconnection.js: the range of a close code says whether to come back."""

import pytest
from playwright.sync_api import Page

from voice_server.closes import CLOSES, GOING_AWAY, NORMAL, ErrorCode

pytestmark = pytest.mark.browser

MAY_COME_BACK = """async (code) => (await import("/reconnection.js")).mayComeBack(code)"""
DELAY = """async ([attempt, atLeastMs, chance]) =>
  (await import("/reconnection.js")).retryDelayMs(attempt, atLeastMs, chance)"""


@pytest.mark.parametrize("error", list(ErrorCode))
def test_comes_back_exactly_where_the_servers_table_says_so(
    modules: Page, error: ErrorCode
) -> None:
    code = CLOSES[error].code
    gone_quiet = code == CLOSES[ErrorCode.IDLE_TIMEOUT].code
    assert modules.evaluate(MAY_COME_BACK, code) is (code < 4500 and not gone_quiet)


def test_comes_back_after_a_drain_and_a_broken_line_not_after_a_farewell(modules: Page) -> None:
    assert modules.evaluate(MAY_COME_BACK, GOING_AWAY) is True
    assert modules.evaluate(MAY_COME_BACK, 1006) is True
    assert modules.evaluate(MAY_COME_BACK, NORMAL) is False


def test_waits_longer_each_time_up_to_a_limit(modules: Page) -> None:
    longest = [modules.evaluate(DELAY, [attempt, 0, 1]) for attempt in range(8)]
    assert longest == [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]


def test_many_that_lost_the_same_server_spread_over_the_whole_wait(modules: Page) -> None:
    assert [modules.evaluate(DELAY, [3, 0, chance]) for chance in (0, 0.5)] == [0, 1000]


def test_what_the_server_asks_for_comes_first(modules: Page) -> None:
    assert modules.evaluate(DELAY, [0, 3000, 0.5]) == 3125
