"""The page, its microphone and its loudspeaker, through nginx."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import open_page
from tests.support.nginx import Nginx, processes_conf
from tests.support.server import ServerProcess

pytestmark = pytest.mark.browser


def test_a_question_is_heard_and_answered(
    browser: Browser, server: ServerProcess, tmp_path: Path
) -> None:
    """B-01."""
    processes = processes_conf({"a": server, "b": server})
    with Nginx(tmp_path, processes) as nginx, open_page(browser, nginx.url) as page:
        page.get_by_role("button", name="Start talking").click()
        said = page.locator(".entry[data-speaker=user] .words")
        answer = page.locator(".entry[data-speaker=assistant] .words")
        expect(said.first).to_have_text("What time is it?")
        expect(answer.first).to_have_text(re.compile("^It is .+"))
        expect(page.locator("html[data-heard=true]")).to_be_attached()
        page.get_by_role("button", name="Stop talking").click()
