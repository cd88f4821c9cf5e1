"""Which certificate is shown, and how an operator learns what is wrong with it."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from voice_server.door.certificate import NAMES, VALID_FOR, fingerprint, make
from voice_server.door.tls import cache_dir, certificate_files, page_url, scheme, server_context
from voice_server.settings import ServerSettings, SettingsError

pytestmark = pytest.mark.engine


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return written(tmp_path, "good", datetime.now(UTC))


def written(folder: Path, name: str, at: datetime) -> tuple[Path, Path]:
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    for path, content in zip((cert, key), make(NAMES, at), strict=True):
        path.write_bytes(content)
    return cert, key


def refusal(cert: Path | None, key: Path | None, *, self_signed: bool = False) -> str:
    settings = ServerSettings(tls_cert=cert, tls_key=key, tls_self_signed=self_signed)
    with pytest.raises(SettingsError) as refused:
        server_context(settings)
    return str(refused.value)


def test_without_a_certificate_there_is_no_tls() -> None:
    assert server_context(ServerSettings()) is None
    assert scheme(ServerSettings()) == "http"


def test_a_pair_is_loaded(pair: tuple[Path, Path]) -> None:
    settings = ServerSettings(tls_cert=pair[0], tls_key=pair[1])
    assert server_context(settings) is not None
    assert scheme(settings) == "https"


def test_half_a_pair_is_named(pair: tuple[Path, Path]) -> None:
    assert "tls_key is missing" in refusal(pair[0], None)
    assert "tls_cert is missing" in refusal(None, pair[1])
    assert "makes its own" in refusal(*pair, self_signed=True)


def test_files_that_are_not_there_or_cannot_be_read(pair: tuple[Path, Path]) -> None:
    cert, key = pair
    absent = cert.with_name("absent.pem")
    assert f"tls_cert: {absent}: No such file" in refusal(absent, key)
    assert f"tls_key: {absent}: No such file" in refusal(cert, absent)
    assert "Is a directory" in refusal(cert.parent, key)


def test_files_that_hold_something_else(pair: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = pair
    text = tmp_path / "text.pem"
    text.write_text("hello")
    assert "no certificate in PEM" in refusal(text, key)
    assert "no certificate in PEM" in refusal(key, key)
    assert "no private key in PEM" in refusal(cert, text)
    assert "no private key in PEM" in refusal(cert, cert)


def test_a_key_of_another_certificate(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, other = written(tmp_path, "other", datetime.now(UTC))
    assert "is not the key of" in refusal(pair[0], other)


def test_a_key_with_a_passphrase(pair: tuple[Path, Path], tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(pair[1].read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    assert "passphrase" in refusal(pair[0], locked)


def test_a_certificate_that_has_expired_or_soon_will(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC)
    assert "has expired" in refusal(*written(tmp_path, "old", now - VALID_FOR))
    cert, key = written(tmp_path, "aging", now - VALID_FOR + timedelta(days=3))
    with caplog.at_level(logging.WARNING):
        server_context(ServerSettings(tls_cert=cert, tls_key=key))
    assert "expires in 3 days" in caplog.text


def test_our_own_certificate_is_told_how_to_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    settings = ServerSettings(tls_self_signed=True)
    with caplog.at_level(logging.INFO):
        assert server_context(settings) is not None
    files = certificate_files(settings)
    assert files is not None
    assert files.cert.parent == cache_dir() == tmp_path / "voice-server" / "tls"
    assert f"NODE_EXTRA_CA_CERTS={files.cert}" in caplog.text
    assert fingerprint(files.cert) in caplog.text


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voice-server").write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "XDG_CACHE_HOME" in refusal(None, None, self_signed=True)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:80/"),
        ("0.0.0.0", "http://localhost:80/"),
        ("::", "http://localhost:80/"),
        ("::1", "http://[::1]:80/"),
        ("192.0.2.7", "http://192.0.2.7:80/"),
        ("voice.example", "http://voice.example:80/"),
    ],
)
def test_the_page_is_where_somebody_here_can_open_it(host: str, url: str) -> None:
    assert page_url(ServerSettings(host=host), 80) == url
