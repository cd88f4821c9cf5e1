"""Wyoming over TCP: Home Assistant's ears, voice and model.

A connection is asked what it wants. Questions about the server and requests to speak are answered
here; whoever wants to be listened to or answered becomes a caller of the switchboard, as on every
other wire.
"""

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import cast

from aiohttp import WSMessage, WSMsgType
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable
from wyoming.info import Describe
from wyoming.ping import Ping, Pong
from wyoming.tts import SynthesizeStopped

from models.tts import SynthesisError
from voice_server.conversation.house import House
from voice_server.exposure import is_loopback
from voice_server.identity.identity import Denied, Identity
from voice_server.links.audiosocket import Network, allowed
from voice_server.links.switchboard import Switchboard
from voice_server.recordings.read_aloud import read_aloud, speakable
from voice_server.settings import SettingsError, WyomingSettings
from voice_server.wires.wyoming.conversations import Conversations
from voice_server.wires.wyoming.framing import EventReader, FramingError, encode
from voice_server.wires.wyoming.info import info
from voice_server.wires.wyoming.speech import AllSaid, Say, SpeechRequests, voice_of
from voice_server.wires.wyoming.wire import WyomingWire

logger = logging.getLogger(__name__)

CALLER = Identity("wyoming", "open")
READ_BYTES = 65_536


class Rest:
    """A connection from a certain event on, as a socket of messages."""

    def __init__(
        self, begin: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.close_code: int | None = None
        self._begin = begin
        self._reader = reader
        self._writer = writer

    async def __aiter__(self) -> AsyncIterator[WSMessage]:
        """What was read already, and then what comes."""
        data = self._begin
        while data:
            yield WSMessage(WSMsgType.BINARY, data, None)
            try:
                data = await self._reader.read(READ_BYTES)
            except ConnectionError:
                return

    async def send_bytes(self, data: bytes) -> None:
        """Send, as fast as the peer reads."""
        self._writer.write(data)
        await self._writer.drain()

    async def send_str(self, data: str) -> None:
        """Send text."""
        await self.send_bytes(data.encode())

    async def close(self, *, code: int) -> None:
        """Close the connection."""
        self.close_code = code
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


class WyomingDesk:
    """Everything behind the port."""

    def __init__(self, house: House, switchboard: Switchboard) -> None:
        self._house = house
        self._settings = house.settings.wyoming
        self._switchboard = switchboard
        self._conversations = Conversations()
        self._networks = [ipaddress.ip_network(peer) for peer in self._settings.peers]
        self._open = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        address = str(writer.get_extra_info("peername")[0])
        full = self._open >= self._settings.connections_max
        if full or not allowed(address, self._networks):
            logger.warning("wyoming connection refused", extra={"address": address})
            if full:
                self._house.metrics.limit_hits.labels("wyoming_connections").inc()
            writer.transport.abort()
            return
        self._open += 1
        try:
            await _Connection(self, reader, writer).serve()
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self._open -= 1
            writer.close()

    def about(self) -> Event:
        """The answer to `describe`."""
        engines = self._house.engines
        return info(
            engines.recognizer.name,
            sorted(engines.recognizer.languages),
            engines.synthesizer.name,
            engines.synthesizer.voices,
            engines.chat.name,
        )

    async def converse(
        self, begin: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Listen or answer until the connection is gone."""
        clock = asyncio.get_running_loop().time
        wire = WyomingWire(self._conversations, self.about(), clock())
        transport = cast(asyncio.Transport, writer.transport)
        try:
            await self._switchboard.hold(Rest(begin, reader, writer), transport, wire, CALLER)
        except Denied as denied:
            refusal = denied.refusal
            writer.write(encode(Error(refusal.message, refusal.code.value).event()))

    @property
    def house(self) -> House:
        """Engines, settings and metrics."""
        return self._house


class _Connection:
    """One peer, until it turns out to be a caller, or leaves."""

    def __init__(
        self, desk: WyomingDesk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._desk = desk
        self._reader = reader
        self._writer = writer
        self._events = EventReader()
        self._requests = SpeechRequests()

    async def serve(self) -> None:
        idle_s = self._desk.house.settings.wyoming.idle_timeout_s or None
        while True:
            async with asyncio.timeout(idle_s):
                data = await self._reader.read(READ_BYTES)
            if not data:
                return
            try:
                events = self._events.feed(data)
            except FramingError as error:
                await self._tell(Error(f"{error}.", "bad_request"))
                return
            if await self._answer(events):
                return

    async def _answer(self, events: list[Event]) -> bool:
        """Whether the connection was served to its end."""
        for place, event in enumerate(events):
            if Describe.is_type(event.type):
                await self._send(self._desk.about())
            elif Ping.is_type(event.type):
                await self._tell(Pong(Ping.from_event(event).text))
            elif SpeechRequests.concerns(event):
                await self._speak(event)
            elif event.type in ("transcribe", "audio-start", "transcript"):
                begin = b"".join(encode(later) for later in events[place:]) + self._events.rest
                await self._desk.converse(begin, self._reader, self._writer)
                return True
        return False

    async def _speak(self, event: Event) -> None:
        try:
            for request in self._requests.take(event):
                match request:
                    case Say():
                        await self._say(request)
                    case AllSaid():
                        await self._tell(SynthesizeStopped())
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            await self._tell(Error(f"The text cannot be spoken: {error}.", "bad_request"))
        except SynthesisError as error:
            await self._tell(Error(str(error), "tts_failed"))

    async def _say(self, say: Say) -> None:
        """One stretch of audio; the rate is the same in all of them."""
        engines, tts = self._desk.house.engines, self._desk.house.settings.tts
        synthesizer = engines.synthesizer
        known = [(voice.id, voice.language) for voice in synthesizer.voices]
        voice = voice_of(say.voice, known) or tts.voice
        rate = synthesizer.rate
        await self._tell(AudioStart(rate=rate, width=2, channels=1))
        speech = read_aloud(
            speakable(say.text), synthesizer, voice=voice, speed=tts.speed, rate=rate
        )
        async with aclosing(speech) as pieces:
            async for samples in pieces:
                audio = samples.astype("<i2").tobytes()
                await self._tell(AudioChunk(rate=rate, width=2, channels=1, audio=audio))
        await self._tell(AudioStop())

    async def _tell(self, told: Eventable) -> None:
        await self._send(told.event())

    async def _send(self, event: Event) -> None:
        self._writer.write(encode(event))
        async with asyncio.timeout(self._desk.house.settings.limits.send_timeout_s):
            await self._writer.drain()


@asynccontextmanager
async def wyoming_connections(
    house: House, switchboard: Switchboard
) -> AsyncIterator[dict[str, int]]:
    """Serve Wyoming, if it is wanted; yields the port by its name for the ready line.

    Raises `SettingsError`.
    """
    settings = house.settings.wyoming
    if not settings.enabled:
        yield {}
        return
    check_peers(settings)
    desk = WyomingDesk(house, switchboard)
    server = await asyncio.start_server(desk.take, settings.host, settings.port)
    async with server:
        yield {"wyoming": server.sockets[0].getsockname()[1]}


def check_peers(settings: WyomingSettings) -> list[Network]:
    """The networks that may connect. Raises `SettingsError` if others could, too."""
    networks = []
    for peer in settings.peers:
        try:
            networks.append(ipaddress.ip_network(peer))
        except ValueError:
            reason = f"{peer!r} is no address or network; write 192.168.1.5 or 192.168.1.0/24"
            raise SettingsError(f"wyoming.peers: {reason}") from None
    if not networks and not is_loopback(settings.host):
        raise SettingsError(
            f"wyoming.host is {settings.host!r}, which others can reach, and Wyoming has no keys; "
            "list Home Assistant's address in wyoming.peers, or listen on 127.0.0.1"
        )
    return networks
