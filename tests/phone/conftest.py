"""A server that answers telephones: understands, answers, speaks; and one that plays a script."""

import socket
from collections.abc import Iterator

import pytest

from tests.sockets.conftest import understand
from tests.support.server import ServerProcess

__all__ = ["phone", "scripted_phone", "understand", "unused_port"]

AUDIOSOCKET = ("--set", "phone.audiosocket=true", "--set", "phone.audiosocket_port=0")
SCRIPTED = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")
SHORT = ("--set", "tts.scripted.char_ms=20")


@pytest.fixture(scope="package")
def phone() -> Iterator[ServerProcess]:
    """The bundled recogniser, the offline responder and espeak-ng."""
    with ServerProcess(*AUDIOSOCKET, "--set", "phone.greeting=Good morning.") as server:
        yield server


@pytest.fixture(scope="package")
def scripted_phone() -> Iterator[ServerProcess]:
    """No model work: whatever is said is "Tell me a story.", and the answer is a hum."""
    with ServerProcess(*AUDIOSOCKET, *SCRIPTED, *SHORT) as server:
        yield server


@pytest.fixture(scope="session")
def unused_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
