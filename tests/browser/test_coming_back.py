"""The page when its connection breaks: the conversation goes on, and one quiet line says so."""

import json
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import REFUSED_SOCKET, WAIT_MS, open_page, seen
from tests.support.chromium import Mouth
from tests.support.fault_proxy import FaultProxy, fault_proxy_aside
from tests.support.redis_server import RedisServer
from tests.support.server import ServerProcess
from tests.support.servers import BRISK, SCRIPTED

pytestmark = pytest.mark.browser

expect.set_options(timeout=WAIT_MS)

PATIENT = ("--set", "turn.stall_ms=60000")
"""However long the connection is away: the user's sentence is not over before they say so."""
AWAY = "Connection lost, coming back."
BACK = "Connected again."
NEW_SESSION = re.compile("begun anew")
ANYTHING = re.compile(".")
PARTIAL = b'"transcript.partial"'
STORY = "One, two, three, four, five, six, seven, eight, nine, ten, and that is all there is."


@pytest.fixture(scope="module")
def patient() -> Iterator[ServerProcess]:
    with ServerProcess(*PATIENT) as server:
        yield server


@pytest.fixture(scope="module")
def scripted() -> Iterator[ServerProcess]:
    """Speaks for four seconds what it is told, and sends no more than a second of it ahead."""
    pace = ("--set", "tts.scripted.char_ms=50", "--set", "limits.lead_ms_max=1000")
    with ServerProcess(*SCRIPTED, *pace) as server:
        yield server


@pytest.fixture
def network(patient: ServerProcess) -> Iterator[FaultProxy]:
    """In front of the server, and good until told otherwise."""
    with fault_proxy_aside(patient.port) as proxy:
        yield proxy


@pytest.fixture
def page(browser: Browser, network: FaultProxy) -> Iterator[Page]:
    """Behind that network, whose faults may be complained about."""
    url = f"http://127.0.0.1:{network.port}/"
    with open_page(browser, url, expected=REFUSED_SOCKET) as page:
        yield page


def _entries(page: Page) -> Locator:
    return page.locator(".entry .words")


def _answers(page: Page) -> Locator:
    return page.locator(".entry[data-speaker=assistant]")


def _last(page: Page) -> Locator:
    return _answers(page).last


def _type(page: Page, text: str) -> None:
    page.get_by_label("Message").fill(text)
    page.keyboard.press("Enter")


def test_the_first_words_may_come_before_the_server_has_answered(
    page: Page, network: FaultProxy
) -> None:
    user = Mouth(page)
    network.faults.latency_s = 0.3
    page.get_by_role("button", name="Start talking").click()
    page.wait_for_function("() => window.utter !== undefined")
    user.say("What time is it?")
    expect(_entries(page).first).to_have_text("What time is it?")


def test_a_break_in_the_middle_of_a_sentence_costs_no_word(page: Page, network: FaultProxy) -> None:
    user = Mouth(page)
    page.get_by_role("button", name="Start talking").click()
    expect(page.locator("#state")).to_have_text("Listening")
    network.faults.cut_at = PARTIAL
    network.faults.refuses = True
    user.say("What time is it?")
    expect(page.locator("#line")).to_have_text(f"{AWAY} What you say is kept.")
    expect(page.locator("#state")).to_have_text("Reconnecting")
    network.faults.refuses = False
    expect(_last(page)).to_have_attribute("data-done", "true")
    expect(_entries(page)).to_have_text(["What time is it?", re.compile("^It is .+")])
    assert seen(page, "lines") == [f"{AWAY} What you say is kept.", BACK]
    expect(page.locator("#line")).to_have_text("")
    expect(page.get_by_role("alert")).to_be_hidden()


def _break_off_in_a_sentence(page: Page, network: FaultProxy) -> None:
    user = Mouth(page)
    _type(page, "Say hi.")
    expect(_last(page)).to_have_attribute("data-done", "true")
    page.get_by_role("button", name="Start talking").click()
    expect(page.locator("#state")).to_have_text("Listening")
    network.faults.cut_at = PARTIAL
    network.faults.refuses = True
    user.say("What time is it?")
    expect(page.locator("#state")).to_have_text("Reconnecting")


def _hang_up(page: Page) -> None:
    """Before its server goes."""
    page.get_by_role("button", name="Stop talking").click()
    expect(page.locator("#state")).to_have_text("Press to talk")


def test_another_server_hears_the_sentence_that_the_first_did_not_survive(
    page: Page, network: FaultProxy
) -> None:
    _break_off_in_a_sentence(page, network)
    with ServerProcess() as another:
        network.target_port = another.port
        network.faults.refuses = False
        expect(_answers(page)).to_have_count(2)
        expect(_last(page)).to_have_attribute("data-done", "true")
        said: list[str | re.Pattern[str]] = [
            "Say hi.",
            ANYTHING,
            NEW_SESSION,
            "What time is it?",
            re.compile("^It is .+"),
        ]
        expect(_entries(page)).to_have_text(said)
        expect(page.locator("#line")).to_have_text("")
        _hang_up(page)


def test_a_process_that_shares_a_store_goes_on_with_the_conversation(browser: Browser) -> None:
    """The first is killed in the middle of the sentence; nobody notices more than a line."""
    with (
        RedisServer() as redis,
        ServerProcess(*PATIENT, *redis.options()) as first,
        ServerProcess(*redis.options()) as second,
        fault_proxy_aside(first.port) as network,
        open_page(browser, f"http://127.0.0.1:{network.port}/", expected=REFUSED_SOCKET) as page,
    ):
        _break_off_in_a_sentence(page, network)
        first.stop(signal.SIGKILL)
        network.target_port = second.port
        network.faults.refuses = False
        expect(_answers(page)).to_have_count(2)
        expect(_last(page)).to_have_attribute("data-done", "true")
        said: list[str | re.Pattern[str]] = [
            "Say hi.",
            ANYTHING,
            "What time is it?",
            re.compile("^It is .+"),
        ]
        expect(_entries(page)).to_have_text(said)
        assert seen(page, "lines") == [f"{AWAY} What you say is kept.", BACK]
        _hang_up(page)


def test_a_message_that_was_on_its_way_is_obeyed_once(page: Page, network: FaultProxy) -> None:
    _type(page, "Say hi.")
    expect(_last(page)).to_have_attribute("data-done", "true")
    network.faults.refuses = True
    network.faults.cut_after_bytes = 1
    _type(page, "Say hi again.")
    expect(page.locator("#line")).to_have_text(AWAY)
    network.faults.refuses = False
    expect(_answers(page)).to_have_count(2)
    expect(_last(page)).to_have_attribute("data-done", "true")
    expect(page.locator(".entry[data-speaker=user] .words")).to_have_text(
        ["Say hi.", "Say hi again."]
    )
    expect(page.get_by_label("Message")).to_have_value("")


def test_a_session_that_is_taken_over_is_not_fought_for(page: Page) -> None:
    heard: list[dict[str, Any]] = []

    def note(data: str | bytes) -> None:
        if isinstance(data, str):
            heard.append(json.loads(data))

    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("websocket", lambda socket: socket.on("framereceived", note))
    _type(page, "Say hi.")
    expect(_last(page)).to_have_attribute("data-done", "true")
    (ready,) = [message for message in heard if message["type"] == "ready"]
    resume = {"session": ready["session"], "token": ready["resume"]["token"], "last_sn": 1}
    came_back: dict[str, Any] = page.evaluate(ELSEWHERE, resume)
    assert came_back["resumed"] is True
    expect(page.get_by_role("alert")).to_contain_text("goes on in another tab")
    expect(page.locator("#state")).to_have_text("Press to talk")
    assert len(sockets) == 2


ELSEWHERE = """(resume) => new Promise((resolve) => {
  const socket = new WebSocket("/v1/voice", "voice.v1");
  const audio = { framing: "framed" };
  socket.onopen = () => {
    socket.send(JSON.stringify({ type: "hello", features: ["resume"], audio, resume }));
  };
  socket.addEventListener("message", ({ data }) => resolve(JSON.parse(data)), { once: true });
})"""


def test_a_page_that_is_left_says_goodbye(page: Page) -> None:
    """The server does not wait for it to come back."""
    _type(page, "Say hi.")
    expect(_last(page)).to_have_attribute("data-done", "true")
    before = page.evaluate(METRIC)
    page.reload()
    page.wait_for_function(f"async (before) => await ({METRIC})() < before", arg=before)


METRIC = """async () => {
  const found = await (await fetch("/metrics")).text();
  return Number(/^voice_server_sessions (.*)$/m.exec(found)[1]);
}"""


WATCH_PLAYBACK = """
window.played = [];
const post = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (message, ...more) {
  if (message?.do === "push") {
    const { stream, position, samples } = message.with;
    window.played.push([stream, position, position + samples.length]);
  }
  return post.call(this, message, ...more);
};
"""

LISTEN = """async (story) => {
  const { VoiceClient } = await import("/voice-client.js");
  const client = new VoiceClient();
  const events = [];
  const backs = [];
  const heard = [];
  client.addEventListener("back", ({ detail }) => backs.push(detail.resumed));
  client.addEventListener("playback", ({ detail }) => heard.push(detail));
  const over = new Promise((resolve) => {
    client.addEventListener("event", ({ detail }) => {
      events.push(detail);
      if (detail.type === "ready") client.send({ type: "say", text: story });
      if (detail.type === "response.done") resolve();
    });
  });
  await client.start({ microphone: false });
  await over;
  client.stop();
  return { events, backs, heard };
}"""


def test_a_reply_goes_on_to_the_sample(browser: Browser, scripted: ServerProcess) -> None:
    """About half of it has come when the connection breaks, in the middle of a frame."""
    with fault_proxy_aside(scripted.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/example.html"
        with open_page(browser, url, expected=REFUSED_SOCKET) as page:
            page.add_init_script(WATCH_PLAYBACK)
            page.reload()
            proxy.faults.cut_after_bytes = 100_000
            told = page.evaluate(LISTEN, STORY)
            played = page.evaluate("window.played")
    assert told["backs"] == [True]
    numbers = [event["sn"] for event in told["events"] if "sn" in event]
    assert numbers == sorted(set(numbers))
    (done,) = [event for event in told["events"] if event["type"] == "response.done"]
    (audio,) = [event for event in told["events"] if event["type"] == "audio.done"]
    assert (done["status"], done["text"]) == ("completed", STORY)
    ends = [0, *(end for _, _, end in played)]
    assert [begin for _, begin, _ in played] == ends[:-1]
    assert ends[-1] == audio["total_samples"]
    assert told["heard"][-1]["type"] == "drained"
    assert told["heard"][-1]["position"] == audio["total_samples"]


def test_a_server_that_restarts_says_when_to_come_back(browser: Browser) -> None:
    with (
        ServerProcess(*SCRIPTED, *BRISK) as first,
        open_page(browser, first.url, expected=REFUSED_SOCKET) as page,
    ):
        _type(page, "Hello.")
        expect(_last(page)).to_have_attribute("data-done", "true")
        first.stop(signal.SIGTERM)
        expect(page.locator("#line")).to_have_text(AWAY)
        with ServerProcess(*SCRIPTED, *BRISK, port=first.port):
            expect(page.locator(".entry[data-speaker=break]")).to_be_visible()
            _type(page, "Hello again.")
            expect(_answers(page)).to_have_count(2)
            expect(_last(page)).to_have_attribute("data-done", "true")
