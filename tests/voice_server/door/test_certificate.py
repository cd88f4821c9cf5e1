"""A certificate made on the spot: kept, private, renewed, and trusted by the strictest verifier."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voice_server.door.certificate import (
    NAMES,
    RENEWED_BEFORE,
    VALID_FOR,
    days_left,
    fingerprint,
    make,
    names_in,
    self_signed,
)

pytestmark = pytest.mark.engine


def test_it_is_kept_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    files = self_signed(tmp_path / "tls", NAMES)
    before = files.cert.read_bytes(), files.key.read_bytes()
    again = self_signed(tmp_path / "tls", NAMES)
    assert (again.cert.read_bytes(), again.key.read_bytes()) == before
    assert 364 < days_left(files.cert) < 365
    assert fingerprint(files.cert).count(":") == 31
    for path in (files.cert, files.key):
        assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700
    names = sorted(path.name for path in (tmp_path / "tls").iterdir())
    assert names == ["self-signed.key", "self-signed.pem"]


def write(folder: Path, cert: bytes, key: bytes) -> None:
    (folder / "self-signed.pem").write_bytes(cert)
    (folder / "self-signed.key").write_bytes(key)


def is_renewed(folder: Path, names: tuple[str, ...] = NAMES) -> bool:
    before = (folder / "self-signed.pem").read_bytes()
    return self_signed(folder, names).cert.read_bytes() != before


def test_it_is_renewed_before_it_expires(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    soon = now - VALID_FOR + RENEWED_BEFORE
    write(tmp_path, *make(NAMES, soon + timedelta(hours=1)))
    assert not is_renewed(tmp_path)
    write(tmp_path, *make(NAMES, soon - timedelta(hours=1)))
    assert is_renewed(tmp_path)


def test_it_is_renewed_when_it_lacks_a_name(tmp_path: Path) -> None:
    write(tmp_path, *make(NAMES, datetime.now(UTC)))
    assert is_renewed(tmp_path, (*NAMES, "192.0.2.7"))
    assert not is_renewed(tmp_path)


@pytest.mark.parametrize("broken", ["cert", "key", "pair"])
def test_it_is_made_anew_when_it_is_broken(tmp_path: Path, broken: str) -> None:
    cert, key = make(NAMES, datetime.now(UTC))
    _, other = make(NAMES, datetime.now(UTC))
    write(tmp_path, cert, {"cert": key, "key": b"", "pair": other}[broken])
    if broken == "cert":
        (tmp_path / "self-signed.pem").write_bytes(b"hello")
    assert is_renewed(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_strict_verifiers_trust_it_for_every_name(tmp_path: Path, name: str) -> None:
    files = self_signed(tmp_path, NAMES)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.cert, files.key)
    client = ssl.create_default_context(cafile=files.cert)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()
    with ours, theirs:
        answer = threading.Thread(target=greet, args=(server, ours))
        answer.start()
        with client.wrap_socket(theirs, server_hostname=name) as secure:
            assert secure.recv(5) == b"hello"
        answer.join()


def greet(context: ssl.SSLContext, connection: socket.socket) -> None:
    with context.wrap_socket(connection, server_side=True) as secure:
        secure.sendall(b"hello")


def test_it_says_for_whom_it_is(tmp_path: Path) -> None:
    files = self_signed(tmp_path, ["voice.example", "10.0.0.1", "::1"])
    assert names_in(files.cert) == ["voice.example", "10.0.0.1", "::1"]
