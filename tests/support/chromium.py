"""Chromium with a recorded voice at its microphone."""

import base64
import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.speech import say

MICROPHONE_RATE = 48_000
LEAD_MS = 700
TRAIL_MS = 30_000

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


def record(path: Path, sentences: Sequence[tuple[str, int]]) -> None:
    """Write what the microphone will hear: sentences, each with the silence after it in ms."""
    silence = np.zeros(LEAD_MS * MICROPHONE_RATE // 1000, np.int16)
    spoken = [
        say(text, rate=MICROPHONE_RATE, lead_ms=0, trail_ms=pause_ms)
        for text, pause_ms in sentences
    ]
    end = np.zeros(TRAIL_MS * MICROPHONE_RATE // 1000, np.int16)
    soundfile.write(path, np.concatenate([silence, *spoken, end]), MICROPHONE_RATE)


@contextmanager
def chromium(recording: Path) -> Iterator[Browser]:
    """The system's Chromium, or Playwright's own.

    Its microphone plays the recording from the beginning whenever a page opens it; pages need the
    permission `microphone`.
    """
    microphone = f"--use-file-for-fake-audio-capture={recording}%noloop"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*FLAGS, microphone]
        )
        yield browser
        browser.close()


OPEN_MOUTH = """() => {
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext();
    const target = new MediaStreamAudioDestinationNode(context);
    window.utter = async (wav) => {
      const bytes = Uint8Array.from(atob(wav), (char) => char.charCodeAt(0));
      const buffer = await context.decodeAudioData(bytes.buffer);
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(target);
      source.start();
    };
    return target.stream;
  };
}"""


class Mouth:
    """Somebody at a page's microphone who speaks when told to: a recording does not wait."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.evaluate(OPEN_MOUTH)

    def say(self, text: str) -> None:
        """Begin to say it; the page must have its microphone open."""
        wav = io.BytesIO()
        spoken = say(text, rate=MICROPHONE_RATE)
        soundfile.write(wav, spoken, MICROPHONE_RATE, format="WAV")
        encoded = base64.b64encode(wav.getvalue()).decode()
        self._page.evaluate("wav => window.utter(wav)", encoded)
