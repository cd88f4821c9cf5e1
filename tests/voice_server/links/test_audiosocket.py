"""AudioSocket's clock in virtual time, and who may connect."""

import asyncio
import ipaddress
from typing import cast

import pytest

from voice_server.bench.virtual_time import run_virtual
from voice_server.links.audiosocket import (
    UNREAD_BYTES_MAX,
    AudioSocketConnection,
    allowed,
    check_peers,
)
from voice_server.settings import PhoneSettings, SettingsError
from voice_server.wires.phone.audiosocket import silence

pytestmark = pytest.mark.story

HOUR_S = 3600
FRAME_S = 0.02


class Tape:
    """A writer that notes when a frame was written; the other side reads at once, or not at all."""

    def __init__(self, *, read: bool = True) -> None:
        self.written_at: list[float] = []
        self.frames: set[bytes] = set()
        self.closed = False
        self._read = read
        self._clock = asyncio.get_running_loop().time

    @property
    def transport(self) -> "Tape":
        return self

    def write(self, data: bytes) -> None:
        self.written_at.append(self._clock())
        self.frames.add(data)

    def get_write_buffer_size(self) -> int:
        return 0 if self._read else sum(map(len, self.frames)) * len(self.written_at)

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True

    close = abort

    async def wait_closed(self) -> None:
        """Closed already."""


async def connected(tape: Tape) -> AudioSocketConnection:
    """A call whose caller has said one frame."""
    reader = asyncio.StreamReader()
    reader.feed_data(silence(0x10))
    connection = AudioSocketConnection(reader, cast(asyncio.StreamWriter, tape))
    await anext(aiter(connection))
    return connection


def test_an_hour_without_drift() -> None:
    async def play() -> list[float]:
        tape = Tape()
        connection = await connected(tape)
        await asyncio.sleep(HOUR_S - FRAME_S / 2)
        await connection.close(code=1000)
        assert tape.frames == {silence(0x10)}
        return tape.written_at

    written_at = run_virtual(play())
    assert len(written_at) == HOUR_S / FRAME_S
    late = [abs(at - written_at[0] - n * FRAME_S) for n, at in enumerate(written_at)]
    assert max(late) < 1e-6


def test_a_peer_that_does_not_read_is_cut_off() -> None:
    async def play() -> Tape:
        tape = Tape(read=False)
        connection = await connected(tape)
        await asyncio.sleep(60)
        assert tape.closed
        await connection.close(code=1000)
        return tape

    tape = run_virtual(play())
    assert len(tape.written_at) == UNREAD_BYTES_MAX // len(silence(0x10)) + 1


def test_beyond_loopback_it_must_be_said_who_may_connect() -> None:
    check_peers(PhoneSettings())
    check_peers(PhoneSettings(audiosocket_host="0.0.0.0", audiosocket_peers=("10.0.0.0/8",)))
    with pytest.raises(SettingsError, match="audiosocket_peers"):
        check_peers(PhoneSettings(audiosocket_host="0.0.0.0"))
    with pytest.raises(SettingsError, match="is no address"):
        check_peers(PhoneSettings(audiosocket_peers=("asterisk",)))


def test_peers_are_addresses_or_networks() -> None:
    networks = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1")]
    assert allowed("10.1.2.3", networks)
    assert allowed("::1", networks)
    assert not allowed("11.1.2.3", networks)
    assert allowed("11.1.2.3", [])
