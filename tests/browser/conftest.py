"""One server, one Chromium and one recorded microphone for all browser tests.

Every page is watched: a console error, an uncaught exception or a violation of the content
security policy fails the test in which it happened.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.support.chromium import chromium, record
from tests.support.server import ServerProcess

WAIT_MS = 20_000
"""Nothing takes this long, but a busy machine may be slow."""

REFUSED_SOCKET = "WebSocket connection"
"""Chromium's own words on the console when a server is gone."""

WATCH = """
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  console.error(`content security policy: ${violatedDirective} ${blockedURI}`);
});

const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode) listen(connect, this);
  return connect.call(this, target, ...rest);
};

function listen(connect, node) {
  const tap = new AnalyserNode(node.context, { fftSize: 1024 });
  connect.call(node, tap);
  const samples = new Float32Array(1024);
  setInterval(() => {
    tap.getFloatTimeDomainData(samples);
    const peak = samples.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);
    const audible = peak > 0.02;
    document.documentElement.dataset.audible = audible;
    if (audible) document.documentElement.dataset.heard = true;
  }, 20);
}

window.seen = { states: [], lines: [], growing: [] };
document.addEventListener("readystatechange", () => {
  if (document.readyState !== "interactive" || !document.getElementById("entries")) return;
  for (const [id, seen] of [["state", window.seen.states], ["line", window.seen.lines]]) {
    watch(id, (changes) => {
      for (const { addedNodes } of changes) for (const { data } of addedNodes) seen.push(data);
    });
  }
  const growing = ".entry[data-speaker=user][data-done=false] .words";
  watch("entries", () => {
    for (const { textContent } of document.querySelectorAll(growing)) {
      if (window.seen.growing.at(-1) !== textContent) window.seen.growing.push(textContent);
    }
  });
});

function watch(id, look) {
  const options = { childList: true, subtree: true };
  new MutationObserver(look).observe(document.getElementById(id), options);
}
"""
"""Reports violations, and marks the document while something goes to the loudspeaker.

What is there for a moment only may come and go between two looks at the document: `data-heard`
stays, and `seen` has every state, every line about the connection, and every text of a turn that
was not over.
"""


def seen(page: Page, what: str) -> list[str]:
    """The `states`, the `lines` or the `growing` texts that the page has shown, in order."""
    shown: list[str] = page.evaluate("what => window.seen[what]", what)
    return shown


@pytest.fixture(scope="package")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as server:
        yield server


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Hears a question; a request for something long; and, during that, an interruption."""
    recording = tmp_path_factory.mktemp("microphone") / "microphone.wav"
    sentences = [
        ("What time is it?", 5000),
        ("Tell me a long story.", 3500),
        ("Stop the alarm.", 0),
    ]
    record(recording, sentences)
    with chromium(recording) as browser:
        yield browser


@pytest.fixture(scope="package")
def modules(browser: Browser, server: ServerProcess) -> Iterator[Page]:
    """One page for all tests that only import a module and call it."""
    with browser.new_page() as page:
        page.goto(server.url)
        yield page


@pytest.fixture
def page(browser: Browser, server: ServerProcess) -> Iterator[Page]:
    """The page, loaded. It complains nowhere, or the test fails."""
    with open_page(browser, server.url) as page:
        yield page


@contextmanager
def open_page(browser: Browser, url: str, *, expected: str = "^$") -> Iterator[Page]:
    """A page of its own; complaints that do not match `expected` fail at the end of the block."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    with browser.new_context(permissions=["microphone"]) as context:
        context.set_default_timeout(WAIT_MS)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        yield page
    assert [text for text in complaints if not re.search(expected, text)] == []
