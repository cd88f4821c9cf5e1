"""TLS: which certificate the server shows, and what to tell people who have to trust it."""

import logging
import os
import ssl
from pathlib import Path

from voice_server.door.certificate import (
    NAMES,
    CertificateFiles,
    days_left,
    fingerprint,
    self_signed,
)
from voice_server.exposure import is_loopback
from voice_server.settings import ServerSettings, SettingsError

logger = logging.getLogger(__name__)

EXPIRES_SOON_DAYS = 14

ANY_ADDRESS = ("", "0.0.0.0", "::")
"""Stand for all addresses of the machine."""


def server_context(settings: ServerSettings) -> ssl.SSLContext | None:
    """What the listening sockets need for TLS; None without it. Raises `SettingsError`."""
    files = certificate_files(settings)
    if files is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    _load(context, files)
    if settings.tls_self_signed:
        _tell(files)
    return context


def certificate_files(settings: ServerSettings) -> CertificateFiles | None:
    """The files that the settings name, or those of our own. Raises `SettingsError`."""
    cert, key = settings.tls_cert, settings.tls_key
    if settings.tls_self_signed:
        if cert or key:
            raise SettingsError(
                "server.tls_self_signed makes its own certificate; "
                "leave it out, or server.tls_cert and server.tls_key"
            )
        return _own_files(settings)
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        missing = "server.tls_cert" if cert is None else "server.tls_key"
        raise SettingsError(f"{missing} is missing: TLS needs a certificate and its key")
    return CertificateFiles(cert, key)


def scheme(settings: ServerSettings) -> str:
    """`https` if the settings ask for TLS."""
    return "https" if settings.tls_cert or settings.tls_self_signed else "http"


def page_url(settings: ServerSettings, port: int) -> str:
    """Where somebody on this machine opens the page."""
    local = is_loopback(settings.host) or settings.host in ANY_ADDRESS
    host = "localhost" if local and settings.host != "::1" else settings.host
    return f"{scheme(settings)}://{f'[{host}]' if ':' in host else host}:{port}/"


def cache_dir() -> Path:
    """Where our own certificate is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voice-server" / "tls"


def _own_files(settings: ServerSettings) -> CertificateFiles:
    host = settings.host.strip("[]")
    more = [] if host in (*NAMES, *ANY_ADDRESS) else [host]
    try:
        return self_signed(cache_dir(), [*NAMES, *more])
    except OSError as error:
        raise SettingsError(
            f"{cache_dir()}: no certificate can be kept there: {error.strerror}; "
            "set XDG_CACHE_HOME to a folder that can be written"
        ) from None


def _load(context: ssl.SSLContext, files: CertificateFiles) -> None:
    for setting, file in (("tls_cert", files.cert), ("tls_key", files.key)):
        try:
            file.read_bytes()
        except OSError as error:
            raise SettingsError(f"server.{setting}: {file}: {error.strerror}") from None
    _check_certificate(files.cert)
    try:
        context.load_cert_chain(files.cert, files.key, password=_no_passphrase)
    except ssl.SSLError as error:
        raise SettingsError(_meaning(error, files)) from None


def _check_certificate(cert: Path) -> None:
    try:
        days = days_left(cert)
    except ValueError:
        raise SettingsError(f"server.tls_cert: {cert} holds no certificate in PEM") from None
    if days < 0:
        raise SettingsError(f"server.tls_cert: {cert} has expired; renew it")
    if days < EXPIRES_SOON_DAYS:
        logger.warning("%s expires in %.0f days; renew it and restart", cert, days)


def _meaning(error: ssl.SSLError, files: CertificateFiles) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"server.tls_key: {files.key} is not the key of {files.cert}"
    if b"ENCRYPTED" in files.key.read_bytes():
        return (
            f"server.tls_key: {files.key} has a passphrase, which nobody can type here; "
            "remove it with `openssl pkey -in KEY -out NEW`"
        )
    return f"server.tls_key: {files.key} holds no private key in PEM"


def _no_passphrase() -> str:
    """Without this, OpenSSL would ask on the terminal."""
    return ""


def _tell(files: CertificateFiles) -> None:
    logger.info("the certificate was made by this server: SHA-256 %s", fingerprint(files.cert))
    logger.info("browsers ask once; Node trusts it with NODE_EXTRA_CA_CERTS=%s", files.cert)
    logger.info("voice-server talk, say and transcribe take it as --cafile %s", files.cert)
