"""One server for all of OpenAI's clients, on the engines that need nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support import node
from tests.support.chromium import chromium
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


@pytest.fixture(scope="package")
def node_packages() -> Path:
    """OpenAI's packages for Node.js."""
    return node.packages({"openai": "7.55.0", "@openai/agents": "0.20.0"})


@pytest.fixture(scope="package")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps the certificate that it makes for itself."""
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(scope="package")
def secure_server(caches: Path) -> Iterator[ServerProcess]:
    """Clients for Node insist on TLS."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CACHE_HOME", str(caches))
        with ServerProcess("--tls-self-signed") as server:
            yield server


@pytest.fixture
def trusted(secure_server: ServerProcess, caches: Path) -> dict[str, str]:
    """What makes Node trust that certificate."""
    (certificate,) = caches.rglob("self-signed.pem")
    return {"NODE_EXTRA_CA_CERTS": str(certificate)}


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A page in Chromium, which does not use its microphone."""
    with chromium(tmp_path / "nothing.wav") as browser:
        yield browser.new_page()
