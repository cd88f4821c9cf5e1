"""What the user chooses on the page: how to talk, settings that stay, files, which tab talks."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.conftest import WAIT_MS

pytestmark = pytest.mark.browser

expect.set_options(timeout=WAIT_MS)

HEADER_BYTES = 16

HUM = """() => {
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext();
    const hum = new OscillatorNode(context);
    const target = new MediaStreamAudioDestinationNode(context);
    hum.connect(target);
    hum.start();
    return target.stream;
  };
}"""
"""A microphone that is never silent."""


class Sent:
    """Everything that the page sent, in order."""

    def __init__(self, page: Page) -> None:
        self.messages: list[str | bytes] = []
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        self.socket = socket
        socket.on("framesent", self._note)

    def _note(self, data: str | bytes) -> None:
        self.messages.append(data)

    @property
    def config(self) -> dict[str, object]:
        """Of the newest hello."""
        told = [json.loads(data) for data in self.messages if isinstance(data, str)]
        config: dict[str, object] = [m for m in told if m["type"] == "hello"][-1]["config"]
        return config

    def sounds(self) -> list[str]:
        """The spells of sound and of silence at the microphone, and the mutings between them."""
        spells: list[str] = []
        for data in self.messages:
            if isinstance(data, bytes):
                spell = "sound" if any(data[HEADER_BYTES:]) else "silence"
            elif (spell := json.loads(data)["type"]) not in ("audio.mute", "audio.unmute"):
                continue
            if spells[-1:] != [spell]:
                spells.append(spell)
        return spells


def _said(page: Page) -> Locator:
    return page.locator(".entry[data-speaker=user] .words")


def _answers(page: Page) -> Locator:
    return page.locator(".entry[data-speaker=assistant]")


def _type(page: Page, text: str) -> None:
    page.get_by_label("Message").fill(text)
    page.keyboard.press("Enter")


def _choose(page: Page, **choices: str) -> None:
    page.get_by_role("button", name="Settings").click()
    for label, value in choices.items():
        page.get_by_label(label.replace("_", " "), exact=True).select_option(value)
    page.get_by_role("button", name="Close").click()


def test_push_to_talk(page: Page) -> None:
    _choose(page, I_talk="held")
    button = page.get_by_role("button", name="Hold to talk")
    button.hover()
    page.mouse.down()
    expect(_said(page)).to_have_text(re.compile("^What time is it"))
    assert _answers(page).count() == 0
    page.mouse.up()
    expect(_answers(page).locator(".words")).to_have_text(re.compile("^It is .+"))
    expect(page.locator("#state")).to_have_text("Hold to talk")

    page.keyboard.down(" ")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#state")).to_have_text("Hearing you")
    page.keyboard.up(" ")
    expect(button).to_have_attribute("aria-pressed", "false")

    page.get_by_role("button", name="End", exact=True).click()
    expect(page.locator("#state")).to_have_text("Press to talk")
    expect(page.get_by_role("button", name="End", exact=True)).to_be_hidden()


def test_nothing_is_sent_of_what_is_said_while_the_button_is_up(page: Page) -> None:
    sent = Sent(page)
    page.evaluate(HUM)
    _choose(page, I_talk="held")
    page.get_by_role("button", name="Hold to talk").hover()
    page.mouse.down()
    expect(page.locator("#state")).to_have_text("Hearing you")
    page.mouse.up()
    expect(page.get_by_role("button", name="Hold to talk")).to_have_attribute(
        "aria-pressed", "false"
    )
    for _ in range(3):
        sent.socket.wait_for_event("framesent")
    spells = sent.sounds()
    assert "sound" in spells[: spells.index("audio.mute")]
    assert spells[spells.index("audio.mute") :] == ["audio.mute", "silence"]


def test_the_space_bar_is_a_space_where_one_writes(page: Page) -> None:
    _choose(page, I_talk="held")
    page.get_by_label("Message").press_sequentially("a b")
    expect(page.get_by_label("Message")).to_have_value("a b")
    expect(page.locator("#state")).to_have_text("Press to talk")


def test_what_was_chosen_survives_a_reload_and_holds_in_the_session(page: Page) -> None:
    chosen = {"It_answers": "high", "When_I_talk_over_it": "off", "Answers_are": "written"}
    _choose(page, **chosen, Language="en", Voice="en-gb", Colours="dark")
    page.reload()
    expect(page.locator("html[data-colours=dark]")).to_be_attached()
    sent = Sent(page)
    _type(page, "Say hi.")
    expect(_answers(page)).to_have_attribute("data-done", "true")
    assert sent.config == {
        "voice": "en-gb",
        "language": "en",
        "modalities": ["text"],
        "turn": {"mode": "vad", "eagerness": "high", "interrupt": "off"},
        "tools": [],
    }
    _choose(page, Voice="", Answers_are="spoken")
    expect(page.locator("#state")).to_have_text("Press to talk")
    _type(page, "Say hi again.")
    expect(page.locator("html[data-heard=true]")).to_be_attached()
    assert "voice" not in sent.config


def test_the_devices_that_were_chosen_are_used(page: Page) -> None:
    page.get_by_role("button", name="Start talking").click()
    expect(page.locator("#state")).to_have_text("Listening")
    page.get_by_role("button", name="Settings").click()
    microphone = page.get_by_label("Microphone", exact=True)
    other = microphone.locator("option").filter(has_text="Fake Audio Input 2")
    expect(other).to_be_attached()
    microphone.select_option(other.get_attribute("value"))
    page.get_by_role("button", name="Close").click()
    expect(_said(page)).to_have_text("What time is it?")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_device_that_has_gone_is_replaced(page: Page) -> None:
    gone = json.dumps({"microphone": "gone", "loudspeaker": "gone"})
    page.evaluate("kept => localStorage.setItem('voice-server.settings', kept)", gone)
    page.reload()
    page.get_by_role("button", name="Start talking").click()
    expect(page.locator("#state")).to_have_text("Listening")
    page.get_by_role("button", name="Settings").click()
    shown = page.get_by_label("Microphone", exact=True).locator("option:checked")
    expect(shown).to_have_text("gone (not here)")


def test_what_was_written_down_can_be_kept(page: Page, tmp_path: Path) -> None:
    page.get_by_role("switch", name="Only write it down").check()
    expect(page.get_by_role("button", name="SRT")).to_be_hidden()
    page.get_by_role("button", name="Start talking").click()
    expect(_said(page).first).to_have_text("What time is it?")
    kept = {}
    for name in ("Text", "SRT", "VTT", "JSON"):
        with page.expect_download() as started:
            page.get_by_role("button", name=name, exact=True).click()
        started.value.save_as(tmp_path / name)
        kept[started.value.suggested_filename] = (tmp_path / name).read_text()
    assert kept["transcript.txt"] == "What time is it?\n"
    assert re.match(
        r"1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\nWhat time is it\?\n$", kept["transcript.srt"]
    )
    assert kept["transcript.vtt"].startswith("WEBVTT\n\n00:00:0")
    (spoken,) = json.loads(kept["transcript.json"])
    assert spoken["text"] == "What time is it?"
    assert spoken["startMs"] <= spoken["words"][0]["startMs"] < spoken["endMs"]


def test_the_second_tab_takes_over_and_the_first_says_so(page: Page) -> None:
    _type(page, "Say hi.")
    expect(_answers(page)).to_have_attribute("data-done", "true")
    second = page.context.new_page()
    second.goto(page.url)
    _type(second, "Say hi.")
    expect(_answers(second)).to_have_attribute("data-done", "true")
    expect(page.get_by_role("alert")).to_contain_text("goes on in another tab")
    page.get_by_role("button", name="Reconnect").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(second.get_by_role("alert")).to_contain_text("goes on in another tab")
