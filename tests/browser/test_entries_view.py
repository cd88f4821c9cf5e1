"""web/entries-view.js: entries as list items, changed in place."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_page
from tests.support.server import ServerProcess

pytestmark = pytest.mark.browser

DRAW = """async (entries) => {
  const { EntriesView } = await import("/entries-view.js");
  const box = document.createElement("div");
  const view = new EntriesView(box, box);
  const latency = { parts: {}, heardMs: null, medianMs: null };
  const empty = {
    key: "1", speaker: "assistant", stable: "", unstable: "", unheard: "", details: [],
    spoken: null, done: false, outcome: "", latency,
  };
  for (const entry of entries) view.draw({ ...empty, ...entry });
  return [...box.children].map(({ innerHTML }) => innerHTML);
}"""


@pytest.fixture(scope="module")
def modules(browser: Browser, server: ServerProcess) -> Iterator[Page]:
    with open_page(browser, server.url) as page:
        yield page


def _drawn(modules: Page, *entries: dict[str, object]) -> list[str]:
    items: list[str] = modules.evaluate(DRAW, list(entries))
    return items


def test_what_nobody_heard_is_struck_out_in_its_paragraph(modules: Page) -> None:
    (item,) = _drawn(modules, {"stable": "It is **very**", "unheard": " late, he said."})
    assert '<strong><span class="stable">very</span></strong> <s class="unheard">late, he' in item


def test_the_voice_is_followed_through_markdown_and_emoji(modules: Page) -> None:
    (item,) = _drawn(modules, {"stable": "🙂 **One** two", "spoken": len("🙂 **One")})
    assert '<span class="stable">One</span>' in item
    assert '<span class="coming"> two</span>' in item


def test_a_tool_shows_what_it_was_asked_and_answered_as_text(modules: Page) -> None:
    tool = {"speaker": "tool", "stable": "find", "details": ["{}", "<img src=x>"], "done": True}
    (item,) = _drawn(modules, tool)
    assert "<summary>find</summary><pre>{}</pre><pre>&lt;img src=x&gt;</pre>" in item


def test_answers_that_came_to_nothing_leave_nothing_unless_they_failed(modules: Page) -> None:
    assert _drawn(modules, {"key": "1"}, {"key": "1", "done": True}) == []
    (item,) = _drawn(modules, {"done": True, "outcome": "failed"})
    assert "Failed" in item


def test_the_median_stands_beside_the_latency(modules: Page) -> None:
    latency = {"parts": {"llm_ms": 300}, "heardMs": None, "medianMs": 250}
    (item,) = _drawn(modules, {"stable": "Yes.", "done": True, "latency": latency})
    assert "300 ms to answer" in item
    assert "median 250 ms" in item
