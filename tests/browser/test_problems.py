"""web/problems.js: every failure in words, with what to do."""

import pytest
from playwright.sync_api import Page

from voice_server.closes import ErrorCode

pytestmark = pytest.mark.browser

DESCRIBE = """async (cause) => (await import("/problems.js")).describe(cause)"""
RETRY = """async ([ms, cause]) => (await import("/problems.js")).describeRetry(ms, cause)"""

BROWSER_CODES = ("NotAllowedError", "NotFoundError", "NotReadableError", "SecurityError")
LIMITS = (
    ErrorCode.IDLE_TIMEOUT,
    ErrorCode.RATE_LIMITED,
    ErrorCode.MAX_SESSION,
    ErrorCode.NO_CAPACITY,
    ErrorCode.UNAUTHORIZED,
    ErrorCode.TOKEN_EXPIRED,
    ErrorCode.REVOKED,
    ErrorCode.FORBIDDEN,
    ErrorCode.BUDGET_EXCEEDED,
    ErrorCode.ORIGIN_DENIED,
)


@pytest.mark.parametrize(
    "code", [*BROWSER_CODES, *LIMITS, "microphone_ended", "connection_lost", "unsent"]
)
def test_what_users_meet_has_its_own_words(modules: Page, code: str) -> None:
    problem = modules.evaluate(DESCRIBE, {"code": code, "message": "As the server says it."})
    assert problem["title"] != "Something went wrong"
    assert problem["advice"] != "As the server says it."


@pytest.mark.parametrize("code", ["llm_failed", "toString", "something_new"])
def test_anything_else_is_said_as_the_server_says_it(modules: Page, code: str) -> None:
    problem = modules.evaluate(DESCRIBE, {"code": code, "message": "The language model is asleep."})
    assert problem == {
        "title": "Something went wrong",
        "advice": "The language model is asleep.",
    }


def test_a_retry_says_why_and_when(modules: Page) -> None:
    problem = modules.evaluate(RETRY, [2100, {"code": "no_capacity"}])
    assert problem == {"title": "The server is full", "advice": "Trying again in 2 seconds."}
    assert modules.evaluate(RETRY, [300, None])["advice"] == "Trying again in 1 second."


AWAY = """async (kept) => (await import("/problems.js")).describeAway(kept)"""


def test_who_speaks_while_the_connection_is_gone_is_told_whether_it_is_in_vain(
    modules: Page,
) -> None:
    assert modules.evaluate(AWAY, arg=False) == "Connection lost, coming back."
    assert modules.evaluate(AWAY, arg=True).endswith("What you say is kept.")
