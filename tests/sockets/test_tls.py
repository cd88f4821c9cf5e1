"""https and wss: with a certificate made on the spot, and with an operator's own."""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from tests.support.server import COMMAND, ROOT, ServerProcess
from tests.support.servers import BRISK, SCRIPTED
from voice_server.client import ANYBODY, BadCertificate, CallError, ConnectionRefused
from voice_server.client.errands import asked
from voice_server.door.certificate import NAMES, fingerprint, make

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def secure(cache: Path) -> Iterator[ServerProcess]:
    """A server with a certificate of its own making."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        with ServerProcess(*SCRIPTED, *BRISK, "--tls-self-signed") as server:
            yield server


@pytest.fixture
def certificate(secure: ServerProcess, cache: Path) -> Path:
    return cache / "voice-server" / "tls" / "self-signed.pem"


def test_the_ready_line_says_https(secure: ServerProcess) -> None:
    assert secure.ready["url"] == f"https://localhost:{secure.port}/"


async def test_the_page_and_the_conversation_come_over_tls(
    secure: ServerProcess, certificate: Path
) -> None:
    tls = ssl.create_default_context(cafile=certificate)
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"https://localhost:{secure.port}/", ssl=tls) as response,
    ):
        assert response.status == 200
        assert b"<html" in await response.read()
    answer = await asked("Are you there?", secure.url, trust=certificate)
    assert answer.text
    assert answer.samples.size


async def test_a_stranger_s_certificate_is_explained(secure: ServerProcess) -> None:
    with pytest.raises(BadCertificate, match="--cafile FILE"):
        await asked("Are you there?", secure.url)
    assert (await asked("Are you there?", secure.url, trust=ANYBODY)).text


async def test_http_at_the_https_port_ends_and_harms_nobody(
    secure: ServerProcess, certificate: Path
) -> None:
    with pytest.raises(ConnectionRefused):
        await asked("Are you there?", f"http://127.0.0.1:{secure.port}/")
    assert (await asked("Are you there?", secure.url, trust=certificate)).text


def test_the_command_line_takes_the_certificate(
    secure: ServerProcess, certificate: Path, tmp_path: Path
) -> None:
    output = str(tmp_path / "hello.wav")
    say = [sys.executable, "-m", "voice_server", "say", "Hello.", "--server", secure.url]
    for trust, status in (("--insecure", 0), ("--cafile", 0), ("", 2)):
        words = [trust, str(certificate)] if trust == "--cafile" else [trust] if trust else []
        done = subprocess.run(
            [*say, "-o", output, *words], cwd=ROOT, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == status, done.stderr


async def test_an_operator_s_certificate_is_shown(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    for path, content in zip((cert, key), make(NAMES, datetime.now(UTC)), strict=True):
        path.write_bytes(content)
    with ServerProcess(*SCRIPTED, *BRISK, "--tls-cert", str(cert), "--tls-key", str(key)) as server:
        assert (await asked("Are you there?", server.url, trust=cert)).text
    assert fingerprint(cert) not in server.log


def test_a_useless_certificate_ends_in_a_sentence(tmp_path: Path) -> None:
    command = [*COMMAND, *SCRIPTED, "--tls-cert", str(tmp_path / "absent.pem"), "--tls-key", "x"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert (
        done.stderr
        == f"voice-server: server.tls_cert: {tmp_path}/absent.pem: No such file or directory\n"
    )


def test_errors_of_trust_are_errors_of_the_call() -> None:
    assert issubclass(BadCertificate, CallError)
