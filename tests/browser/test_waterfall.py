"""web/waterfall.js: the server's ledger and the client's clock in one sum."""

from typing import Any

import pytest
from playwright.sync_api import Page

from voice_server.conversation.timeline import PARTS, WHOLE

pytestmark = pytest.mark.browser

WATERFALL = """async (latency) => (await import("/waterfall.js")).waterfall(latency)"""
DURATION = """async (ms) => (await import("/waterfall.js")).duration(ms)"""


def _waterfall(modules: Page, parts: dict[str, float], heard_ms: float | None) -> dict[str, Any]:
    drawn: dict[str, Any] = modules.evaluate(WATERFALL, {"parts": parts, "heardMs": heard_ms})
    return drawn


def test_knows_every_part_of_the_servers_ledger_in_its_order(modules: Page) -> None:
    parts = dict.fromkeys(PARTS.values(), 10.0)
    drawn = _waterfall(modules, {**parts, WHOLE: 60.0}, None)
    assert [segment["name"] for segment in drawn["segments"]] == list(PARTS.values())
    assert drawn["totalMs"] == 60


def test_what_the_client_heard_later_is_the_way_to_the_ear(modules: Page) -> None:
    drawn = _waterfall(modules, {"endpoint_ms": 500, "llm_ms": 100, WHOLE: 600}, 680)
    assert drawn["segments"][-1] == {"name": "playback_ms", "label": "to your ear", "ms": 80}
    assert sum(segment["ms"] for segment in drawn["segments"]) == drawn["totalMs"] == 680


def test_nothing_measured_draws_nothing(modules: Page) -> None:
    assert _waterfall(modules, {}, None) == {"segments": [], "totalMs": 0}


@pytest.mark.parametrize(
    ("values", "median"), [([], None), ([9], 9), ([1, 100, 10], 10), ([4, 1, 3, 2], 2.5)]
)
def test_half_of_the_answers_came_sooner(
    modules: Page, values: list[float], median: float | None
) -> None:
    found = modules.evaluate(
        "async (values) => (await import('/waterfall.js')).median(values)", values
    )
    assert found == median


@pytest.mark.parametrize(("ms", "words"), [(0.4, "0 ms"), (641.2, "641 ms"), (1234, "1.23 s")])
def test_durations_read_well(modules: Page, ms: float, words: str) -> None:
    assert modules.evaluate(DURATION, ms) == words
