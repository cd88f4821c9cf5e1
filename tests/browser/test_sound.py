"""What leaves the page for the ear: understood when listened to, and silent when told to be."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WAIT_MS

pytestmark = pytest.mark.browser

expect.set_options(timeout=WAIT_MS)

QUANTUM = 128

RECORD = """
const before = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode) {
    const tap = new MediaStreamAudioDestinationNode(this.context);
    before.call(this, tap);
    window.recorder = new MediaRecorder(tap.stream);
    window.recorder.start();
  }
  return before.call(this, target, ...rest);
};
"""

UNDERSTAND = """async () => {
  const recorded = await new Promise((resolve) => {
    window.recorder.ondataavailable = ({ data }) => resolve(data);
    window.recorder.stop();
  });
  const body = new FormData();
  body.append("file", recorded, "heard.webm");
  const response = await fetch("/v1/audio/transcriptions", { method: "POST", body });
  return (await response.json()).text;
}"""


def test_what_the_page_plays_is_what_was_answered(page: Page) -> None:
    page.add_init_script(RECORD)
    page.reload()
    page.get_by_label("Message").fill("Repeat after me: what is the weather like in London today?")
    page.keyboard.press("Enter")
    answer = page.locator(".entry[data-speaker=assistant]")
    expect(answer).to_have_attribute("data-done", "true")
    words = "weather like in London today?"
    expect(answer.locator(".words")).to_contain_text(words)
    assert words in page.evaluate(UNDERSTAND)


FLUSH = """async ({ order, at }) => {
  const context = new OfflineAudioContext(1, 9600, 48000);
  const barrier = (name) => context.audioWorklet.addModule(`/frames.js?${name}`);
  await context.audioWorklet.addModule("/playback-worklet.js");
  const worklet = new AudioWorkletNode(context, "playback", {
    numberOfInputs: 0, outputChannelCount: [1], processorOptions: { sourceRate: 24000 },
  });
  worklet.connect(context.destination);
  const tell = (verb, argument) => worklet.port.postMessage({ do: verb, with: argument });
  tell("push", { stream: 1, position: 0, last: false, samples: new Int16Array(24000).fill(9000) });
  await barrier("pushed");
  context.suspend(at / context.sampleRate).then(async () => {
    tell(order, 1);
    await barrier("told"); // the audio thread has read the order when it has read this module
    context.resume();
  });
  const played = (await context.startRendering()).getChannelData(0);
  return { before: played[at - 1], last: played.findLastIndex((sample) => sample !== 0) + 1 };
}"""
"""Renders the page's own loudspeaker sample by sample, and interrupts it at one."""


@pytest.mark.parametrize("order", ["flush", "pause"])
def test_an_interruption_is_silence_within_one_quantum(modules: Page, order: str) -> None:
    at = 37 * QUANTUM
    played: dict[str, Any] = modules.evaluate(FLUSH, {"order": order, "at": at})
    assert played["before"] > 0.2
    assert at < played["last"] <= at + QUANTUM
