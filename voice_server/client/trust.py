"""Whose certificates are believed, where a server speaks https."""

import ssl
from pathlib import Path

from voice_server.client.errors import BadCertificate

ANYBODY = "anybody"
"""As `trust`: believe whoever answers. Only for trying things out."""

Trust = str | Path | None
"""A PEM file with the certificate to believe, such as a server's own; None: the system's choice."""


def ssl_context(trust: Trust) -> ssl.SSLContext | bool:
    """What aiohttp takes as `ssl`. Raises `BadCertificate`."""
    if trust is None or trust == ANYBODY:
        return trust is None
    try:
        return ssl.create_default_context(cafile=trust)
    except ssl.SSLError:
        raise BadCertificate(f"{trust} holds no certificate in PEM.") from None
    except OSError as error:
        raise BadCertificate(f"{trust}: {error.strerror}.") from None
