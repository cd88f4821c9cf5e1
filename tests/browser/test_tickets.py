"""web/voice-client.js with tickets: a new one for each connection, and patience without."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_page
from tests.support.provider import believing, token
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from voice_server.identity.keys import entry

pytestmark = pytest.mark.browser

KEY = "a-key-of-sixteen-characters-or-more"

TALK_TWICE = """async (key) => {
  const { VoiceClient } = await import("/voice-client.js");
  const client = new VoiceClient();
  const tickets = [];
  client.key = async () => {
    const headers = { Authorization: `Bearer ${key}` };
    const response = await fetch("/v1/tickets", { method: "POST", headers });
    tickets.push((await response.json()).ticket);
    if (tickets.length === 1) throw new Error("the network is not there yet");
    return tickets.at(-1);
  };
  const modes = [];
  let opened;
  client.addEventListener("event", ({ detail }) => {
    if (detail.type === "ready") opened(modes.push(detail.mode));
  });
  const ready = () => new Promise((resolve) => { opened = resolve; });
  const first = ready();
  await client.start({ microphone: false });
  await first;
  const second = ready();
  client.setMode("transcription");
  await second;
  client.stop();
  return { modes, different: new Set(tickets).size, status: client.status };
}"""


COME_BACK = """async (keys) => {
  const { VoiceClient } = await import("/voice-client.js");
  const client = new VoiceClient();
  const asked = [];
  client.key = async () => {
    asked.push(keys.length);
    return keys.shift();
  };
  const sessions = [];
  client.addEventListener("event", ({ detail }) => {
    if (detail.type === "ready") sessions.push(detail.session);
  });
  const back = new Promise((resolve) => {
    client.addEventListener("back", ({ detail }) => resolve(detail.resumed));
  });
  await client.start({ microphone: false });
  const resumed = await back;
  client.stop();
  return { resumed, sessions: sessions.length, asked };
}"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Asks for a key, or for the token of a provider."""
    provider = believing(tmp_path_factory.mktemp("provider"))
    settings = {
        "auth.keys": f'["{entry(KEY, "alice")}"]',
        "auth.recheck_s": "0.1",
        **provider,
        "limits.sessions_per_user_max": "9",
    }
    options = (word for item in settings.items() for word in ("--set", "=".join(item)))
    with ServerProcess(*SCRIPTED, *options) as server:
        yield server


@pytest.fixture
def page(browser: Browser, guarded: ServerProcess) -> Iterator[Page]:
    """Of that server."""
    with open_page(browser, guarded.url) as page:
        yield page


def test_each_connection_has_a_ticket_of_its_own(page: Page) -> None:
    found: dict[str, Any] = page.evaluate(TALK_TWICE, KEY)
    assert found == {"modes": ["conversation", "transcription"], "different": 3, "status": "idle"}


def test_a_session_outlives_the_token_that_it_began_with(page: Page) -> None:
    """The server warns half a minute before; the page fetches another, and comes back with it."""
    found = page.evaluate(COME_BACK, [token(25), token(600)])
    assert found == {"resumed": True, "sessions": 1, "asked": [2, 1]}
