"""axe-core finds nothing to complain about, on any screen, in either colour scheme."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import REFUSED_SOCKET, WAIT_MS, open_page
from tests.support import node
from tests.support.server import ServerProcess

pytestmark = [pytest.mark.browser, node.may_install]

expect.set_options(timeout=WAIT_MS)

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

CHECK = """async () => {
  await Promise.all(document.getAnimations().map((animation) => animation.finished));
  const { violations } = await axe.run(document);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}"""

MARKDOWN = "Repeat after me: **bold** `code` [a link](https://example.org/)"


@pytest.fixture(scope="module")
def axe() -> str:
    """Its source."""
    folder = node.packages({"axe-core": "4.14.1"})
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def page(browser: Browser, server: ServerProcess, axe: str) -> Iterator[Page]:
    """One for all, with axe in it."""
    with open_page(browser, server.url, expected=REFUSED_SOCKET) as page:
        page.evaluate(axe)
        yield page


def _violations(page: Page) -> dict[str, list[str]]:
    found: dict[str, Any] = {}
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found[f"{size} {scheme}"] = page.evaluate(CHECK)
    return {where: complaints for where, complaints in found.items() if complaints}


def test_the_welcome(page: Page) -> None:
    assert _violations(page) == {}


def test_a_conversation(page: Page) -> None:
    for text in (MARKDOWN, "Tell me a long story."):
        page.get_by_label("Message").fill(text)
        page.keyboard.press("Enter")
        expect(page.locator("body[data-state=speaking]")).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.locator(".entry[data-outcome=cancelled] s.unheard").last).not_to_be_empty()
    page.locator(".latency summary").first.click()
    assert _violations(page) == {}


def test_a_network_that_is_gone_for_a_while(page: Page) -> None:
    page.get_by_label("Message").fill("Hello.")
    page.keyboard.press("Enter")
    expect(page.locator(".entry[data-speaker=user]").last).to_contain_text("Hello.")
    page.context.set_offline(True)
    expect(page.locator("#line")).to_contain_text("Connection lost")
    assert _violations(page) == {}
    page.context.set_offline(False)
    page.wait_for_function("() => window.seen.lines.includes('Connected again.')")


def test_the_settings(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_label("Voice", exact=True).locator("option").nth(5)).to_be_attached()
    assert _violations(page) == {}
    page.get_by_role("button", name="Close").click()


def test_writing_down_and_a_problem(page: Page) -> None:
    page.context.clear_permissions()
    page.get_by_role("switch", name="Only write it down").check()
    page.get_by_role("button", name="Start talking").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert _violations(page) == {}
    page.get_by_role("switch", name="Only write it down").uncheck()


def test_axe_would_find_something(page: Page) -> None:
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any("button-name" in complaint for complaint in _violations(page)["phone dark"])
