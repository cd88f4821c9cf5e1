"""One server, one Chromium and one recorded microphone for all browser tests.

Every page is watched: a console error, an uncaught exception or a violation of the content
security policy fails the test in which it happened.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.server import ServerProcess
from tests.support.speech import say

MICROPHONE_RATE = 48_000

WAIT_MS = 20_000
"""Nothing takes this long, but a busy machine may be slow."""

INSECURE_HOST = "voice.test"
"""A name for this machine that browsers do not trust with a microphone."""

FLAGS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-quic",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    f"--host-resolver-rules=MAP {INSECURE_HOST} 127.0.0.1",
)

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
    document.documentElement.dataset.audible = peak > 0.02;
  }, 20);
}
"""
"""Reports violations, and marks the document while something goes to the loudspeaker."""


@pytest.fixture(scope="package")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as server:
        yield server


@pytest.fixture(scope="package")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A question; a request for something long; and, while that is answered, an interruption."""
    spoken = [
        say("What time is it?", rate=MICROPHONE_RATE, lead_ms=700, trail_ms=4500),
        say("Tell me a long story.", rate=MICROPHONE_RATE, lead_ms=0, trail_ms=3500),
        say("Stop the alarm.", rate=MICROPHONE_RATE, lead_ms=0, trail_ms=20_000),
    ]
    path = tmp_path_factory.mktemp("microphone") / "microphone.wav"
    soundfile.write(path, np.concatenate(spoken), MICROPHONE_RATE, subtype="PCM_16")
    return path


@pytest.fixture(scope="package")
def browser(recording: Path) -> Iterator[Browser]:
    """Its microphone plays the recording from the beginning whenever a page opens it."""
    microphone = f"--use-file-for-fake-audio-capture={recording}%noloop"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*FLAGS, microphone]
        )
        yield browser
        browser.close()


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
