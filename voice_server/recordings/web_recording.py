"""A recording that lies on a web server, fetched to a file for as long as it is read.

Readers want to seek, and a server that breaks off should be told apart from a file that is damaged.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import aiohttp

from voice_server.recordings.audio_file import AudioFileError

FETCH_BYTES_MAX = 4 * 2**30
"""A day of speech, and a film."""

CONNECT_S, READ_S = 10.0, 30.0
"""How long a server may take to answer, and then to send the next piece."""

PIECE_BYTES = 2**18


def is_address(path: str) -> bool:
    """Whether it lies on a web server."""
    return path.startswith(("http://", "https://"))


def name_of(address: str) -> str:
    """What a recording is called, without its folders and the query: `interview.mp3`."""
    url = urlsplit(address)
    return Path(unquote(url.path)).name.strip(".") or url.hostname or "recording"


@asynccontextmanager
async def at_hand(path: str, *, bytes_max: int = FETCH_BYTES_MAX) -> AsyncIterator[str]:
    """The path of a file that can be read: the one given, or what was fetched from an address.

    What was fetched is deleted afterwards. Raises `AudioFileError`.
    """
    if not is_address(path):
        yield path
        return
    try:
        name = name_of(path)
    except ValueError as error:
        raise AudioFileError(f"{path} is no address: {error}.") from error
    with TemporaryDirectory(prefix="voice-server-") as folder:
        file = Path(folder) / name
        try:
            await _fetch(path, file, bytes_max)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            why = str(error) or "no answer in time"
            raise AudioFileError(f"{_shown(path)} cannot be fetched: {why}.") from error
        except OSError as error:
            raise AudioFileError(f"{file} cannot be written: {error.strerror}.") from error
        yield str(file)


async def _fetch(address: str, file: Path, bytes_max: int) -> None:
    limits = aiohttp.ClientTimeout(sock_connect=CONNECT_S, sock_read=READ_S)
    async with (
        aiohttp.ClientSession(timeout=limits, trust_env=True) as session,
        session.get(address) as answer,
    ):
        if not answer.ok:
            message = f"{_shown(address)} cannot be fetched: the server says {answer.status}"
            raise AudioFileError(f"{message} {answer.reason}.")
        fetched = 0
        with file.open("wb") as written:
            async for piece in answer.content.iter_chunked(PIECE_BYTES):
                fetched += len(piece)
                if fetched > bytes_max:
                    limit = f"{bytes_max:,} bytes"
                    raise AudioFileError(f"{_shown(address)} has more than {limit}.")
                await asyncio.to_thread(written.write, piece)


def _shown(address: str) -> str:
    """Without what may be secret: user, password and query."""
    url = urlsplit(address)
    return f"{url.scheme}://{url.hostname}{url.path}"
