"""web/example.html: a page of twenty lines that talks, as the README shows it."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import WAIT_MS, open_page
from tests.support.server import ROOT, ServerProcess

pytestmark = pytest.mark.browser

expect.set_options(timeout=WAIT_MS)

LINES_MAX = 20
FILES = (ROOT / "web" / "example.html", ROOT / "web" / "example.js")


def test_the_example_talks(browser: Browser, server: ServerProcess) -> None:
    with open_page(browser, f"{server.url}example.html") as page:
        page.get_by_role("button", name="Talk").click()
        captions = page.locator("#captions")
        expect(captions).to_have_text(re.compile(r"^You: What time is it\?\s+It: It is .+"))


def test_the_example_is_short_and_stands_in_the_readme() -> None:
    assert sum(len(file.read_text().splitlines()) for file in FILES) <= LINES_MAX
    assert FILES[1].read_text() in (ROOT / "README.md").read_text()
