"""The same table through nginx: what passes is one request to both, and all else gets one answer.

What nginx and a server behind it understand differently is how requests are smuggled.
"""

from pathlib import Path

import pytest

from tests.conformance.table import CASES, our_server, outcomes
from tests.support.nginx import BEHIND, Nginx, processes_conf
from tests.support.probe import Case, outcome
from tests.support.raw_frames import PORT, request

pytestmark = pytest.mark.socket

OPEN = "location = /livez { proxy_pass http://$voice_process; }"
"""The address that the table asks, which is not public otherwise."""

LENGTH = ("Content-Length", str(10**7))
LARGE = Case(
    "Bodies",
    "10 MB to an address that reads bodies",
    "413",
    request("POST /v1/tickets HTTP/1.1", [("Host", f"127.0.0.1:{PORT}"), LENGTH], bytes(10**7)),
)

OTHERWISE = {
    ("Handshake", "no Connection"): "alive",  # nginx writes this header itself
    ("Handshake", "Connection: close"): "alive",
    ("Handshake", "Connection: keep-alive"): "alive",
    ("Handshake", "HTTP/1.0"): "alive",  # and this version
    ("Handshake", "a frame in the same breath"): "alive",  # it keeps it back until it is asked for
    ("Handshake", "an unmasked frame in the same breath"): "1002",
    ("Request lines", "HTTP/1.0"): "400",  # to us it says HTTP/1.1, and there is no Host
    ("Request lines", "no version"): "dropped",  # HTTP/0.9, whose answers have no head
    ("Header fields", "no colon"): "200",  # it leaves out what is no header
    ("Header fields", "a letter beyond ASCII in the name"): "200",
}
"""Where an odd request becomes a good one on its way, and the like. None becomes two."""


def is_refusal(word: str) -> bool:
    """Whether this is one answer that says no; which number it has is a matter of taste."""
    return word.isdecimal() and 400 <= int(word) < 600


async def test_nginx_and_the_server_never_disagree(tmp_path: Path) -> None:
    """S-26."""
    with (
        our_server(*BEHIND) as server,
        Nginx(tmp_path, processes_conf({"a": server, "b": server}), more=OPEN) as nginx,
    ):
        told = await outcomes(nginx.port)
        assert await outcome(nginx.port, LARGE) == LARGE.expected
    differing = {
        (case.group, case.name): word
        for case, word in zip(CASES, told, strict=True)
        if word != case.expected and not (is_refusal(word) and is_refusal(case.expected))
    }
    assert differing == OTHERWISE
