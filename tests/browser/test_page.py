"""The page in a real Chromium, with a recorded voice at the microphone and the real server."""

import json
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect

from tests.browser.conftest import REFUSED_SOCKET, WAIT_MS, open_page, seen
from tests.support.chromium import INSECURE_HOST, Mouth
from tests.support.server import ServerProcess

pytestmark = pytest.mark.browser

expect.set_options(timeout=WAIT_MS)

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
KEY = "a-key-of-sixteen-characters-or-more"
HEAP_BYTES_MAX = 2_000_000


class Line:
    """The JSON messages that went over the page's WebSocket, in order."""

    def __init__(self, page: Page) -> None:
        self.sent: list[dict[str, object]] = []
        self.received: list[dict[str, object]] = []
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda data: _note(self.sent, data))
        socket.on("framereceived", lambda data: _note(self.received, data))

    def order_of(self, *types: str) -> list[object]:
        """The received messages of these types, each type's first only."""
        firsts = dict.fromkeys(m["type"] for m in self.received if m["type"] in types)
        return list(firsts)

    def playback_states(self, stream: int) -> list[object]:
        """What the page told about its loudspeaker, without repetition.

        A voice on a busy machine may be slower than the loudspeaker, and leave it dry for a moment.
        """
        reports = (m for m in self.sent if m["type"] == "playback" and m["stream"] == stream)
        states = dict.fromkeys(report["state"] for report in reports)
        return [state for state in states if state != "underrun"]


def _note(into: list[dict[str, object]], data: str | bytes) -> None:
    if isinstance(data, str):
        into.append(json.loads(data))


def _said(page: Page) -> Locator:
    return page.locator(".entry[data-speaker=user] .words")


def _answers(page: Page) -> Locator:
    return page.locator(".entry[data-speaker=assistant]")


def _audible(page: Page, audible: bool) -> Locator:
    return page.locator(f"html[data-audible={str(audible).lower()}]")


def _type(page: Page, text: str) -> None:
    page.get_by_label("Message").fill(text)
    page.keyboard.press("Enter")


def test_a_conversation_with_an_interruption(page: Page) -> None:
    """Nobody says anything before what went before was seen: no clock decides what is found."""
    line, user = Line(page), Mouth(page)
    page.get_by_role("button", name="Start talking").click()
    expect(page.locator("#state")).to_have_text("Listening")
    user.say("What time is it?")
    expect(_answers(page)).to_have_attribute("data-done", "true")
    expect(_said(page)).to_have_text(["What time is it?"])
    expect(_answers(page).locator(".words")).to_have_text(re.compile("^It is .+"))
    expect(_answers(page).locator(".latency-total")).to_have_text(re.compile(r"\d+ m?s to answer"))
    expect(page.locator("html[data-heard=true]")).to_be_attached()
    in_order = ("speech.started", "speech.stopped", "response.started", "response.done")
    assert line.order_of(*in_order) == list(in_order)

    page.evaluate("delete document.documentElement.dataset.heard")
    user.say("Tell me a long story.")
    story = _answers(page).nth(1)
    expect(page.locator("html[data-heard=true]")).to_be_attached()
    expect(story.locator(".words")).to_have_text(re.compile("^Once upon a time"))
    user.say("Stop the alarm.")
    expect(story).to_have_attribute("data-outcome", "interrupted")
    expect(story.locator(".stable")).to_have_text(re.compile("^Once upon"))
    expect(story.locator("s.unheard")).not_to_be_empty()
    expect(_answers(page).nth(2)).to_have_attribute("data-done", "true")
    said = ["What time is it?", "Tell me a long story.", "Stop the alarm."]
    expect(_said(page)).to_have_text(said)
    expect(_audible(page, False)).to_be_attached()
    assert re.search("^(What|Tell|Stop)", "\n".join(seen(page, "growing")), re.MULTILINE)
    assert line.playback_states(1) == ["playing", "drained"]
    assert line.playback_states(2)[0] == "playing"
    assert line.playback_states(2)[-1] == "stopped"

    page.get_by_role("button", name="Stop talking").click()
    expect(page.locator("#state")).to_have_text("Press to talk")
    assert line.sent[-1] == {"type": "bye"}
    states = list(dict.fromkeys(seen(page, "states")))
    course = ["Press to talk", "Connecting", "Listening", "Hearing you", "Speaking", "Paused"]
    assert [state for state in states if state in course] == course


def test_transcription_only_answers_nothing(page: Page) -> None:
    line = Line(page)
    page.get_by_role("switch", name="Only write it down").check()
    page.get_by_role("button", name="Start talking").click()
    expect(_said(page).first).to_have_text("What time is it?")
    expect(page.locator("#state")).to_have_text("Writing down what you say")
    expect(_said(page).nth(1)).to_have_text(re.compile("^Tell"))
    expect(_answers(page)).to_have_count(0)
    assert line.order_of("response.started") == []


def test_the_switch_begins_a_new_session_in_the_other_mode(page: Page) -> None:
    line = Line(page)
    _type(page, "Say hi.")
    expect(_answers(page)).to_have_attribute("data-done", "true")
    page.get_by_role("switch", name="Only write it down").check()
    expect(page.locator("body[data-mode=transcription]")).to_be_attached()
    page.get_by_role("switch", name="Only write it down").uncheck()
    _type(page, "Say hi again.")
    expect(_answers(page).nth(1)).to_have_attribute("data-done", "true")
    hellos = [message["mode"] for message in line.sent if message["type"] == "hello"]
    assert hellos == ["conversation", "transcription", "conversation"]


def test_a_typed_message_is_answered_aloud_without_a_microphone(page: Page) -> None:
    page.get_by_role("button", name="What time is it?").click()
    expect(_said(page)).to_have_text("What time is it?")
    expect(_answers(page).locator(".words")).to_have_text(re.compile("^It is .+"))
    expect(page.locator("html[data-heard=true]")).to_be_attached()
    expect(page.get_by_role("button", name="Start talking")).to_be_visible()


def test_names_its_engines_and_their_limits(page: Page) -> None:
    _type(page, "Hello.")
    expect(page.locator("#engines")).to_contain_text("offline-responder")
    expect(page.locator("#notices")).to_contain_text("not from a language model")


def test_hostile_text_is_text(page: Page) -> None:
    _type(page, f"Repeat after me: {HOSTILE}")
    expect(_said(page)).to_have_text(f"Repeat after me: {HOSTILE}")
    expect(_answers(page).locator(".words")).to_contain_text("onerror")
    expect(page.locator("#entries :is(img, script)")).to_have_count(0)
    expect(page).to_have_title("Voice server")


def test_answers_are_markdown_and_nothing_more(page: Page) -> None:
    _type(
        page,
        "Repeat after me: it is **so** [a](javascript:document.title=3) [b](https://b.example)",
    )
    words = _answers(page).locator(".words")
    expect(words.locator("strong")).to_have_text("so")
    expect(words.locator("a")).to_have_attribute("href", "https://b.example")
    _type(page, "Repeat after me: ```js half open")
    expect(_answers(page).nth(1)).to_have_attribute("data-done", "true")
    expect(_answers(page).nth(1).locator(".words")).to_contain_text("half open")
    expect(page).to_have_title("Voice server")


def test_escape_stops_the_reply(page: Page) -> None:
    _type(page, "Tell me a long story.")
    expect(_audible(page, True)).to_be_attached()
    page.keyboard.press("Escape")
    expect(_answers(page)).to_have_attribute("data-outcome", "cancelled")
    expect(_audible(page, False)).to_be_attached()
    expect(_answers(page).locator("s.unheard")).not_to_be_empty()


WATCH_DEVICES = """
window.opened = { tracks: [], contexts: [], sockets: [] };
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted);
  window.opened.tracks.push(...stream.getTracks());
  return stream;
};
for (const [name, opened] of [["AudioContext", "contexts"], ["WebSocket", "sockets"]]) {
  window[name] = class extends window[name] {
    constructor(...given) {
      super(...given);
      window.opened[opened].push(this);
    }
  };
}
"""

LEFT_OPEN = """() => {
  const { tracks, contexts, sockets } = window.opened;
  return {
    opened: [tracks.length, sockets.length],
    contexts: contexts.length,
    listening: tracks.filter(({ readyState }) => readyState === "live").length,
    connected: sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length,
  };
}"""

ASLEEP = """() => window.opened.contexts.every(({ state }) => state !== "running")"""


def _memory(page: Page) -> tuple[int, int]:
    """Event listeners, and bytes of JavaScript, that are still alive after a garbage collection."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    counters: dict[str, int] = devtools.send("Memory.getDOMCounters")
    usage: dict[str, int] = devtools.send("Runtime.getHeapUsage")
    devtools.detach()
    return counters["jsEventListeners"], usage["usedSize"]


def _start_and_stop(page: Page, times: int) -> None:
    for _ in range(times):
        page.get_by_role("button", name="Start talking").click()
        expect(page.locator("#state")).to_have_text("Listening")
        page.get_by_role("button", name="Stop talking").click()
        expect(page.locator("#state")).to_have_text("Press to talk")


def test_starting_and_stopping_leaves_nothing_behind(page: Page) -> None:
    """The counts waver, because the browser cleans up when it likes; their lowest do not grow."""
    page.add_init_script(WATCH_DEVICES)
    page.reload()
    counts = []
    for _ in range(10):
        _start_and_stop(page, 5)
        counts.append(_memory(page))
    listeners, heap = zip(*counts, strict=True)
    assert min(listeners[5:]) < min(listeners[:5]) + 12, listeners
    assert min(heap[5:]) < min(heap[:5]) + HEAP_BYTES_MAX, heap
    page.wait_for_function(ASLEEP)
    everything = {"opened": [50, 50], "contexts": 1, "listening": 0, "connected": 0}
    assert page.evaluate(LEFT_OPEN) == everything


def test_a_denied_microphone_is_explained(page: Page) -> None:
    page.context.clear_permissions()
    page.get_by_role("button", name="Start talking").click()
    expect(page.get_by_role("alert")).to_contain_text("The microphone is not allowed")
    expect(page.locator("#state")).to_have_text("Press to talk")


def test_a_missing_microphone_is_explained(page: Page) -> None:
    page.evaluate("""() => {
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("Requested device not found", "NotFoundError");
      };
    }""")
    page.get_by_role("button", name="Start talking").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no microphone")


def test_an_insecure_address_is_explained(browser: Browser, server: ServerProcess) -> None:
    with open_page(browser, f"http://{INSECURE_HOST}:{server.port}/") as page:
        page.get_by_role("button", name="Start talking").click()
        expect(page.get_by_role("alert")).to_contain_text("not secure enough for a microphone")
        expect(page.get_by_role("alert")).to_contain_text("http://localhost")


@pytest.fixture
def small_server() -> Iterator[ServerProcess]:
    """Room for one, and only with a key."""
    with ServerProcess("--set", "limits.sessions_max=1", "--set", f'auth.keys=["{KEY}"]') as server:
        yield server


def test_a_locked_server_a_full_one_and_a_lost_one(
    browser: Browser, small_server: ServerProcess
) -> None:
    with open_page(browser, small_server.url) as stranger:
        _type(stranger, "Say hi.")
        expect(stranger.get_by_role("alert")).to_contain_text("The server wants a key")
        expect(stranger.get_by_label("Message")).to_have_value("Say hi.")

    with open_page(browser, f"{small_server.url}#key={KEY}", expected=REFUSED_SOCKET) as first:
        _type(first, "Say hi.")
        expect(_answers(first)).to_have_attribute("data-done", "true")

        with open_page(browser, f"{small_server.url}#key={KEY}") as second:
            _type(second, "Say hi.")
            expect(second.get_by_role("alert")).to_contain_text("The server is full")
            expect(second.get_by_role("alert")).to_contain_text("Trying again")

        small_server.stop(signal.SIGKILL)
        expect(first.locator("#line")).to_have_text("Connection lost, coming back.")
        expect(first.locator("#state")).to_have_text("Reconnecting")
        with ServerProcess(port=small_server.port):
            expect(first.locator(".entry[data-speaker=break]")).to_contain_text("begun anew")
            expect(first.locator("#line")).to_have_text("")
            _type(first, "Say hi again.")
            expect(_answers(first).nth(1)).to_have_attribute("data-done", "true")
            expect(first.get_by_role("alert")).to_be_hidden()
