"""One server for all of OpenAI's clients, on the engines that need nothing."""

from collections.abc import Iterator

import pytest

from tests.support.server import ServerProcess
from tests.support.understanding import understand

__all__ = ["server", "understand"]

CHARS_MAX = 20_000
"""Some 30 MB of PCM."""


@pytest.fixture(scope="package")
def server() -> Iterator[ServerProcess]:
    """The bundled recogniser, the offline responder and espeak-ng."""
    with ServerProcess("--set", f"rest.speech_chars_max={CHARS_MAX}") as server:
        yield server
