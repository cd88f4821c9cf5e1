"""Two servers for tests that import these fixtures: one understands, one plays a script."""

from collections.abc import Iterator

import pytest

from tests.support.server import ServerProcess

TURNS = ("--set", "turn.silence_ms=500")
SCRIPTED = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")
BRISK = ("--set", "tts.scripted.char_ms=20")
"""Replies of about a second."""


@pytest.fixture(scope="package")
def server() -> Iterator[ServerProcess]:
    """The bundled recogniser, the offline responder and espeak-ng."""
    with ServerProcess(*TURNS) as server:
        yield server


@pytest.fixture(scope="package")
def scripted() -> Iterator[ServerProcess]:
    """No model work: whatever is said is "Tell me a story.", and the answer is a hum."""
    with ServerProcess(*TURNS, *SCRIPTED, *BRISK) as server:
        yield server
