"""The devices, behind a stand-in for `sounddevice` that satisfies the same Protocol.

No sound server is needed, and none is used: what the real PortAudio does is not tested here.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.sound_module import FakeSound
from voice_server.client.events import (
    Audio,
    AudioDone,
    PlaybackPause,
    PlaybackResume,
    PlaybackStop,
    Reconnecting,
)
from voice_server.client.loudspeaker import Report
from voice_server.client.sound_card import SoundCard, SoundError, SoundModule, described

pytestmark = pytest.mark.socket

TONE = np.full(16_000, 1000, dtype=np.int16)


def module(sound: FakeSound) -> SoundModule:
    """For mypy: the stand-in is what the card asks for."""
    return sound


async def reported(card: SoundCard, state: str) -> Report:
    """The next report of this state."""
    async with asyncio.timeout(10):
        while True:
            for report in card.reports():
                if report.state == state:
                    return report
            await card.heard()  # the microphone is the clock


async def test_the_microphone_is_heard_in_order() -> None:
    sound = FakeSound()
    sound.say(np.arange(1, 641, dtype=np.int16))
    with SoundCard(module(sound), "fake") as card:
        heard = b"".join([await card.heard(), await card.heard()])
    assert np.frombuffer(heard, dtype=np.int16).tolist() == list(range(1, 641))
    assert all(stream.closed.is_set() for stream in sound.streams)


async def test_the_loudspeaker_plays_holds_and_stops() -> None:
    sound = FakeSound()
    with SoundCard(module(sound)) as card:
        card.obey(Audio(1, 0, TONE))
        card.obey(AudioDone(stream=1, total_samples=len(TONE)))
        assert (await reported(card, "playing")).stream == 1
        card.obey(PlaybackPause(stream=1))
        paused = await reported(card, "paused")
        card.obey(PlaybackResume(stream=1))
        playing = await reported(card, "playing")
        assert playing.position >= paused.position
        card.obey(PlaybackStop(stream=1))
        assert (await reported(card, "stopped")).position >= playing.position
    assert any(block.any() for block in sound.heard)


async def test_a_lost_connection_silences_it() -> None:
    with SoundCard(module(FakeSound())) as card:
        card.obey(Audio(1, 0, TONE))
        card.obey(Reconnecting(1.0, 1, "lost"))
        assert card.reports() == []


@pytest.mark.parametrize(("device_rate", "rate"), [(44_100.0, 44_100), (96_000.0, 48_000)])
async def test_devices_run_at_their_own_rate(device_rate: float, rate: int) -> None:
    sound = FakeSound(rate=device_rate)
    with SoundCard(module(sound)) as card:
        assert (card.input_rate, card.output_rate) == (rate, rate)
    assert [stream.options["samplerate"] for stream in sound.streams] == [rate, rate]


async def test_a_device_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(SoundError, match=r"No device matching 'none'.*--list"):
        SoundCard(module(FakeSound()), "none")


async def test_a_device_that_is_busy_is_a_sentence() -> None:
    card = SoundCard(module(FakeSound(broken=True)))
    with pytest.raises(SoundError, match="Device unavailable"), card:
        pass


def test_devices_are_described() -> None:
    assert described(FakeSound().query_devices()) == ["  0 fake (microphone)", "  1 fake (speaker)"]


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ("raise ImportError", "pip install 'voice-server[talk]'"),
        ("raise OSError('PortAudio library not found')", "apt-get install libportaudio2"),
    ],
)
def test_a_machine_without_sound_says_what_to_install(
    content: str, remedy: str, tmp_path: Path
) -> None:
    (tmp_path / "sounddevice.py").write_text(content)
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from voice_server.client.sound_card import SoundError, load_sound
try:
    load_sound()
except SoundError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert remedy in done.stdout.decode()
