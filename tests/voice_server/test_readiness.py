"""What a load balancer is told."""

import pytest

from models.llm.health import ChatHealth
from voice_server.readiness import Readiness, http_status, readiness

pytestmark = pytest.mark.pure

READY, RESTING, STARTING, FAILED = ChatHealth


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([READY], "ready"),
        ([STARTING], "llm_down"),
        ([FAILED], "llm_down"),
        ([STARTING, READY], "degraded"),
        ([READY, FAILED], "degraded"),
        ([STARTING, RESTING], "llm_down"),
        ([RESTING, READY], "degraded"),
        ([RESTING, RESTING], "degraded"),
    ],
)
def test_another_process_is_named_only_where_it_may_do_better(
    states: list[ChatHealth], expected: Readiness
) -> None:
    healths = [("model", state) for state in states]
    assert readiness(healths, draining=False, full=False, forgetful=False) == expected


def test_the_end_comes_before_everything_else() -> None:
    healths = [("model", FAILED)]
    assert readiness(healths, draining=True, full=True, forgetful=True) == "draining"
    assert readiness(healths, draining=False, full=True, forgetful=True) == "store_down"
    assert readiness(healths, draining=False, full=True, forgetful=False) == "full"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("ready", 200),
        ("degraded", 200),
        ("llm_down", 503),
        ("store_down", 503),
        ("full", 503),
        ("draining", 503),
    ],
)
def test_statuses(state: Readiness, status: int) -> None:
    assert http_status(state) == status
