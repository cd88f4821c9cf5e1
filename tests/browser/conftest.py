"""One server, one Chromium and one recorded microphone for all browser tests.

Every page is watched: a console error, an uncaught exception or a violation of the content
security policy fails the test in which it happened.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.server import ServerProcess
from tests.support.speech import say

MICROPHONE_RATE = 48_000

FLAGS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-quic",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)

WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  console.error(`content security policy: ${violatedDirective} ${blockedURI}`);
});
"""


@pytest.fixture(scope="package")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as server:
        yield server


@pytest.fixture(scope="package")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A question; a request for something long; and, while that is answered, an interruption."""
    spoken = [
        say("What time is it?", rate=MICROPHONE_RATE, lead_ms=700, trail_ms=5500),
        say("Tell me a long story.", rate=MICROPHONE_RATE, lead_ms=0, trail_ms=4500),
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
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    with browser.new_context() as context:
        context.add_init_script(WATCH_POLICY)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.url)
        yield page
    assert complaints == []
