"""`voice-server talk --kiosk` as a process in a room: called by name, unplugged, plugged in again.

Server and command are the real ones. The kiosk's `sounddevice` is a stand-in that satisfies the
same Protocol, put in front of the real one on the module path; its devices are there while a file
is. SIGUSR1 speaks to it, SIGUSR2 pulls the plug.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.named_pipe import NamedPipe, named_pipe
from tests.support.scrape import scrape
from tests.support.server import ServerProcess
from tests.voice_server.commands.conftest import BRISK, SCRIPTED

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[3]
TEXTS = '["Shall we have dinner?", "Hey computer, tell me a story."]'
ROOM = """
import signal
from pathlib import Path
import numpy as np
from tests.support.clips import load_clip
from tests.support.sound_module import FakePortAudioError as PortAudioError, FakeSound

PLUG = Path(__file__).with_name("plugged_in")
PAUSE = np.zeros(24_000, dtype=np.int16)
sound = FakeSound()

def query_devices(device=None, kind=None):
    if not PLUG.exists():
        raise PortAudioError("Error querying device -1")
    return sound.query_devices(device, kind)

def speak(*_):
    sound.say(np.concatenate([load_clip("question"), PAUSE, load_clip("question"), PAUSE]))

def pull(*_):
    for stream in sound.streams:
        stream.closed.set()

signal.signal(signal.SIGUSR1, speak)
signal.signal(signal.SIGUSR2, pull)
_initialize, _terminate = sound._initialize, sound._terminate
RawInputStream, RawOutputStream = sound.RawInputStream, sound.RawOutputStream
"""


class Device:
    """The kiosk's process, and what its lamp shows."""

    def __init__(self, process: asyncio.subprocess.Process, lamp: NamedPipe, plug: Path) -> None:
        self.process = process
        self.lamp = lamp
        self.plug = plug

    async def stop(self) -> str:
        """What it wrote to stderr."""
        if self.process.returncode is None:
            self.process.terminate()
        _, log = await self.process.communicate()
        return log.decode()


@pytest.fixture(scope="module")
def house() -> Iterator[ServerProcess]:
    """A server with the profile of a kiosk."""
    profile = ("--set", "server.profile=kiosk", "--set", f"asr.scripted.texts={TEXTS}")
    with ServerProcess(*SCRIPTED, *BRISK, *profile) as server:
        yield server


@pytest.fixture
async def device(house: ServerProcess, tmp_path: Path) -> AsyncIterator[Device]:
    """A kiosk without sound yet."""
    (tmp_path / "sounddevice.py").write_text(ROOM)
    async with named_pipe(tmp_path / "lamp") as lamp:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "voice_server", "talk", "--kiosk", "--server", house.url),
            *("--on-state", f"bash -c 'echo $1 > {lamp.path}' lamp"),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        kiosk = Device(process, lamp, tmp_path / "plugged_in")
        try:
            yield kiosk
        finally:
            await kiosk.stop()


async def test_a_kiosk_is_called_by_name_and_outlives_its_sound_card(
    house: ServerProcess, device: Device
) -> None:
    await device.lamp.until("no_sound")
    device.plug.touch()
    await device.lamp.until("asleep")

    device.process.send_signal(signal.SIGUSR1)
    shown = await device.lamp.until("speaking")
    assert set(shown) <= {"listening", "hearing", "thinking", "speaking"}
    counted = await scrape(house.url)
    assert counted['voice_server_turns_total{outcome="ignored"}'] == 1
    assert counted['voice_server_turns_total{outcome="heard"}'] == 1

    device.plug.unlink()
    device.process.send_signal(signal.SIGUSR2)
    await device.lamp.until("no_sound")
    device.plug.touch()
    await device.lamp.until("asleep")

    assert await device.stop() == ""
    assert device.process.returncode == 0
    await device.lamp.until("stopped")
