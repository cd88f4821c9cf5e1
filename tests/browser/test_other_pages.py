"""Pages of other servers, in the same browser: a friend's may talk, nobody else's."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import open_page
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED

pytestmark = pytest.mark.browser

TALK = """(url) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => resolve(JSON.parse(data).type);
  socket.onopen = () => socket.send(JSON.stringify({ type: "hello" }));
  socket.onclose = ({ code }) => resolve(code);
})"""


class Page(BaseHTTPRequestHandler):
    """A page without a policy of its own, that may try whatever it likes."""

    def do_GET(self) -> None:
        """Answer with nothing much."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href=data:,><p>Hello.")

    def log_message(self, format: str, *arguments: object) -> None:
        """Be quiet."""


@pytest.fixture
def page_port() -> Iterator[int]:
    """Where another server has that page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_strange_page_cannot_talk_and_a_friends_can(browser: Browser, page_port: int) -> None:
    """B-02: localhost and 127.0.0.1 are two origins, and one machine."""
    friend = f"http://127.0.0.1:{page_port}"
    options = ("--set", f'server.allowed_origins=["{friend}"]')
    with ServerProcess(*SCRIPTED, *options) as server:
        address = f"ws://127.0.0.1:{server.port}/v1/voice"
        with open_page(browser, friend) as page:
            assert page.evaluate(TALK, address) == "ready"
        strange = f"http://localhost:{page_port}"
        with open_page(browser, strange, expected="WebSocket connection") as page:
            assert page.evaluate(TALK, address) == 1006
