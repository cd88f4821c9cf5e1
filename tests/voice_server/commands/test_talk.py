"""`voice-server talk` as a process: by text, as a kiosk, and where it cannot.

The kiosk's `sounddevice` is a stand-in that satisfies the same Protocol, put in front of the real
one on the module path: a machine without a sound card runs this, too.
"""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import ServerProcess

pytestmark = pytest.mark.socket

COMMAND = (sys.executable, "-m", "voice_server", "talk")
ROOT = Path(__file__).parents[3]
FAKE = """
from tests.support.sound_module import FakePortAudioError as PortAudioError, FakeSound
_sound = FakeSound()
query_devices = _sound.query_devices
_initialize, _terminate = _sound._initialize, _sound._terminate
RawInputStream, RawOutputStream = _sound.RawInputStream, _sound.RawOutputStream
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One in which there is sound."""
    (tmp_path / "sounddevice.py").write_text(FAKE)
    return {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "COLUMNS": "200"}


def talk(
    *words: str, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=env,
    )


def test_by_text(server: ServerProcess) -> None:
    done = talk("--text", "--server", server.url, stdin="What is two plus three?\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("voice  ")


def test_the_devices_are_listed(environment: dict[str, str]) -> None:
    done = talk("--list", env=environment)
    assert done.stdout.splitlines() == ["  0 fake (microphone)", "  1 fake (speaker)"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--text", "--server", "127.0.0.1:9"), "Nobody answers at ws://127.0.0.1:9/v1/voice"),
        (("--text", "--server", "//"), "no address of a server"),
        (("--kiosk", "--text"), "--kiosk is for voice alone"),
        (("--push-to-talk",), "--push-to-talk needs a terminal"),
        (("--on-state", "true"), "--on-state goes with --kiosk"),
        (("--kiosk", "--on-state", "no-such-lamp"), "there is no such command"),
        (("--kiosk", "--on-state", "'lamp"), "cannot be read: No closing quotation"),
        (("--kiosk", "--server", "//"), "no address of a server"),
        (("--microphone", "none"), "No device matching 'none'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    words: tuple[str, ...], sentence: str, environment: dict[str, str]
) -> None:
    done = talk(*words, env=environment)
    assert done.returncode == 2
    assert done.stderr.startswith("voice-server: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_machine_without_sound_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    done = talk(env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == (
        "voice-server: Sound needs the library PortAudio: apt-get install libportaudio2\n"
    )


async def test_a_kiosk_waits_for_its_server_and_comes_back(
    environment: dict[str, str],
) -> None:
    """It starts before the server does, and outlives it."""
    engines = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")
    with ServerProcess(*engines) as first:
        pass  # now its port is known, and free
    kiosk = await asyncio.create_subprocess_exec(
        *COMMAND,
        "--kiosk",
        *("--server", first.url),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    screen = kiosk.stdout
    assert screen is not None

    async def shows(words: str) -> None:
        async with asyncio.timeout(60):
            while words not in (line := (await screen.readline()).decode()):
                assert line, f"the kiosk has ended, and never showed {words!r}"

    try:
        await shows("reconnecting in")
        with ServerProcess(*engines, port=first.port) as server:
            await shows("connected")
            await asyncio.to_thread(server.stop, signal.SIGKILL)
        await shows("reconnecting in")
    finally:
        kiosk.send_signal(signal.SIGINT)
        _, log = await kiosk.communicate()
    assert kiosk.returncode == 130
    assert log == b""
