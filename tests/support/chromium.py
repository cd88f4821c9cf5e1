"""Chromium with a recorded voice at its microphone."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import Browser, sync_playwright

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
