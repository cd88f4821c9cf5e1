"""Which certificates a client believes, and what it says of files that hold none."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voice_server.client.errors import BadCertificate
from voice_server.client.trust import ANYBODY, ssl_context
from voice_server.door.certificate import NAMES, make

pytestmark = pytest.mark.engine


def test_the_system_decides_unless_told_otherwise() -> None:
    assert ssl_context(None) is True
    assert ssl_context(ANYBODY) is False


def test_a_certificate_is_believed_and_checked(tmp_path: Path) -> None:
    cert = tmp_path / "cert.pem"
    cert.write_bytes(make(NAMES, datetime.now(UTC))[0])
    context = ssl_context(str(cert))
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_useless_files_are_named(tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("hello")
    with pytest.raises(BadCertificate, match=r"text\.pem holds no certificate"):
        ssl_context(text)
    with pytest.raises(BadCertificate, match="No such file"):
        ssl_context(tmp_path / "absent.pem")
