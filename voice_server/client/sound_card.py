"""Microphone and loudspeaker through PortAudio, by way of the optional package sounddevice.

PortAudio calls back on threads of its own: microphone blocks are handed to the event loop, and the
loudspeaker is asked under a lock. Devices run at their own rate; the server resamples.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, MutableSequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self

from voice_server.client.events import (
    Audio,
    AudioDone,
    Event,
    PlaybackPause,
    PlaybackResume,
    PlaybackStop,
    Ready,
    Reconnecting,
)
from voice_server.client.loudspeaker import Loudspeaker, Report

BLOCK_MS = 20
BLOCKS_WAITING_MAX = 100
SILENT_S_MAX = 5.0
"""A microphone calls back fifty times a second, and says nothing when it is unplugged."""
RATE_MAX = 48_000
RATE_MIN = 8_000

Device = int | str | None
"""A number or a part of the name, as `voice-server talk --list` shows them; None: the default."""


class SoundError(Exception):
    """There is no sound on this machine; the message says what to do."""


class SoundStream(Protocol):
    """An open device."""

    @property
    def latency(self) -> float:
        """Seconds between the program and the air."""
        ...

    def start(self) -> None:
        """Begin to call back."""
        ...

    def close(self) -> None:
        """Stop, and let go of the device."""
        ...


class SoundModule(Protocol):
    """The part of the module `sounddevice` that is used here."""

    @property
    def PortAudioError(self) -> type[Exception]:
        """What its functions raise."""
        ...

    def _initialize(self) -> None:
        """Look which devices there are."""
        ...

    def _terminate(self) -> None:
        """Forget them."""
        ...

    def query_devices(self, device: Device = None, kind: str | None = None) -> Any:
        """All devices, or what is known about one."""
        ...

    def RawInputStream(self, **options: Any) -> SoundStream:
        """A microphone."""
        ...

    def RawOutputStream(self, **options: Any) -> SoundStream:
        """A loudspeaker."""
        ...


def load_sound() -> SoundModule:
    """The module sounddevice. Raises `SoundError` with the remedy."""
    try:
        import sounddevice  # noqa: PLC0415 - an optional package
    except ImportError:
        remedy = "pip install 'voice-server[talk]'"
        raise SoundError(f"Sound needs the package sounddevice: {remedy}") from None
    except OSError:
        remedy = "apt-get install libportaudio2"
        raise SoundError(f"Sound needs the library PortAudio: {remedy}") from None
    module: SoundModule = sounddevice
    return module


def look_again(sound: SoundModule) -> None:
    """See devices that were plugged in meanwhile. None may be open.

    PortAudio looks once, when it is initialised, and sounddevice has no other names for that.
    """
    sound._terminate()
    sound._initialize()


class SoundCard:
    """A microphone and a loudspeaker, open while entered; `input_rate` and so on are known before.

    Raises `SoundError` where a device is missing or busy.
    """

    def __init__(
        self, sound: SoundModule, microphone: Device = None, speaker: Device = None
    ) -> None:
        self._sound = sound
        self._microphone = microphone
        self._speaker = speaker
        self.input_rate = self._rate(microphone, "input")
        """Hertz."""
        self.output_rate = self._rate(speaker, "output")
        self._blocks: asyncio.Queue[bytes] = asyncio.Queue(BLOCKS_WAITING_MAX)
        self._streams: list[SoundStream] = []
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._loudspeaker = Loudspeaker(self.output_rate)

    def _rate(self, device: Device, kind: str) -> int:
        found = self._asked(lambda: self._sound.query_devices(device, kind), f"{kind} device")
        return min(RATE_MAX, max(RATE_MIN, int(found["default_samplerate"])))

    def _asked(self, ask: Callable[[], Any], what: str) -> Any:
        try:
            return ask()
        except (self._sound.PortAudioError, ValueError) as error:
            raise SoundError(
                f"The {what} cannot be used: {error}. `voice-server talk --list` shows what there "
                "is; --text talks without any."
            ) from None

    def __enter__(self) -> Self:
        try:
            microphone = self._opened("input", self._microphone, self.input_rate, self._on_heard)
            speaker = self._opened("output", self._speaker, self.output_rate, self._on_wanted)
            with self._lock:
                self._loudspeaker.latency_samples = int(speaker.latency * self.output_rate)
            for stream in (microphone, speaker):
                self._asked(stream.start, "sound device")
        except SoundError:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def _opened(
        self, kind: str, device: Device, rate: int, callback: Callable[..., None]
    ) -> SoundStream:
        make = self._sound.RawInputStream if kind == "input" else self._sound.RawOutputStream
        stream: SoundStream = self._asked(
            lambda: make(
                samplerate=rate,
                blocksize=rate * BLOCK_MS // 1000,
                device=device,
                channels=1,
                dtype="int16",
                latency="low",
                callback=callback,
            ),
            f"{kind} device",
        )
        self._streams.append(stream)
        return stream

    def _close(self) -> None:
        for stream in self._streams:
            stream.close()
        self._streams.clear()

    # The microphone --------------------------------------------------------------------------

    async def heard(self) -> bytes:
        """The next block of microphone audio. Raises `SoundError` when the device has died."""
        try:
            async with asyncio.timeout(SILENT_S_MAX):
                return await self._blocks.get()
        except TimeoutError:
            raise SoundError("The microphone sends nothing. Is it still plugged in?") from None

    def _on_heard(self, data: Any, frames: int, time: object, status: object) -> None:
        """On PortAudio's thread. The loop may be gone already when the last block comes."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take, bytes(data))

    def _take(self, block: bytes) -> None:
        if self._blocks.full():
            self._blocks.get_nowait()  # the newest words matter
        self._blocks.put_nowait(block)

    # The loudspeaker -------------------------------------------------------------------------

    def _on_wanted(
        self, data: MutableSequence[int], frames: int, time: object, status: object
    ) -> None:
        """On PortAudio's thread."""
        with self._lock:
            samples = self._loudspeaker.render(frames)
        data[:] = samples.tobytes()

    def obey(self, event: Event) -> None:
        """Play, hold or stop, as the server says."""
        with self._lock:
            match event:
                case Audio(stream=stream, samples=samples, last=last):
                    self._loudspeaker.add(stream, samples, last=last)
                case AudioDone(stream=stream):
                    self._loudspeaker.end(stream)
                case PlaybackPause(stream=stream):
                    self._loudspeaker.pause(stream)
                case PlaybackResume(stream=stream):
                    self._loudspeaker.resume(stream)
                case PlaybackStop(stream=stream):
                    self._loudspeaker.stop(stream)
                case Ready() | Reconnecting():
                    self._loudspeaker.reset()

    def reports(self) -> list[Report]:
        """What the server should know: every change since the last call, and where it is now."""
        with self._lock:
            reports = self._loudspeaker.take_reports()
            stream = self._loudspeaker.stream
            if stream is not None and self._loudspeaker.playing and not reports:
                reports.append(Report(stream, self._loudspeaker.position, "playing"))
        return reports


def described(devices: Any) -> list[str]:
    """One line per device, with its number and what it can do."""
    return [_line(number, device) for number, device in enumerate(devices)]


def _line(number: int, device: Mapping[str, Any]) -> str:
    kinds = [
        kind
        for kind, key in (("microphone", "max_input_channels"), ("speaker", "max_output_channels"))
        if device[key]
    ]
    return f"{number:3} {device['name']} ({', '.join(kinds) or 'nothing'})"
