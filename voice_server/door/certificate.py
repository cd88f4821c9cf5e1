"""A certificate for this machine, signed by nobody but itself, for people without a domain.

It is kept, so that whoever was told to trust it need not be told again; it is made anew when it
is about to expire or does not name the address that the server listens on.
"""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_FOR = timedelta(days=365)
RENEWED_BEFORE = timedelta(days=14)
BACKDATED = timedelta(hours=1)
"""The clock of a client may be slow."""

NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A certificate and its key, in PEM."""

    cert: Path
    key: Path


def self_signed(folder: Path, names: Sequence[str]) -> CertificateFiles:
    """The certificate kept in `folder`, for these host names and addresses. Raises `OSError`."""
    files = CertificateFiles(folder / "self-signed.pem", folder / "self-signed.key")
    now = datetime.now(UTC)
    if not _still_good(files, names, now):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        cert, key = make(names, now)
        _write(files.key, key)
        _write(files.cert, cert)
    return files


def make(names: Sequence[str], now: datetime) -> tuple[bytes, bytes]:
    """A new certificate and its key (ECDSA, P-256), in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "voice-server on this machine")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,  # its own; strict verifiers insist (RFC 5280, 4.2.1.3)
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False
        )
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def fingerprint(cert: Path) -> str:
    """SHA-256 of the first certificate in a file, as browsers show it. Raises `ValueError`."""
    digest = x509.load_pem_x509_certificate(cert.read_bytes()).fingerprint(hashes.SHA256())
    return ":".join(f"{byte:02X}" for byte in digest)


def days_left(cert: Path) -> float:
    """Until the first certificate in a file expires; negative if it has. Raises `ValueError`."""
    expiry = x509.load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc
    return (expiry - datetime.now(UTC)) / timedelta(days=1)


def names_in(cert: Path) -> list[str]:
    """Host names and addresses that the first certificate in a file is for. Raises `ValueError`."""
    certificate = x509.load_pem_x509_certificate(cert.read_bytes())
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    kinds = (x509.DNSName, x509.IPAddress)
    return [str(name.value) for name in found.value if isinstance(name, kinds)]


def _still_good(files: CertificateFiles, names: Sequence[str], now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(files.cert.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), None)
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return (
        certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEWED_BEFORE
        and certificate.public_key() == key.public_key()
        and {_general(name) for name in names} <= set(alternatives.value)
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, and for nobody else to read."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    new.replace(file)
