"""A credential is found in the same places for every endpoint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from voice_server.identity.approach import Approach

pytestmark = pytest.mark.pure


def approach(headers: dict[str, str], query: dict[str, str] | None = None) -> Approach:
    return Approach(CIMultiDict(headers), query or {}, "10.0.0.1")


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ({}, ""),
        ({"Authorization": "Bearer KEY"}, "KEY"),
        ({"authorization": "bearer  KEY "}, "KEY"),
        ({"Authorization": "Basic KEY"}, ""),
        ({"Authorization": "KEY"}, ""),
        ({"api-key": "KEY"}, "KEY"),
        ({"Api-Key": " KEY "}, "KEY"),
        ({"Sec-WebSocket-Protocol": "voice.v1, token.KEY"}, "KEY"),
        ({"Sec-WebSocket-Protocol": "voice.v1,ticket.tk_1"}, "tk_1"),
        ({"Sec-WebSocket-Protocol": "realtime, openai-insecure-api-key.ek_a.b.c"}, "ek_a.b.c"),
        ({"Sec-WebSocket-Protocol": "realtime, openai-beta.realtime-v1"}, ""),
        ({"Sec-WebSocket-Protocol": "token., token.KEY"}, "KEY"),
        ({"Sec-WebSocket-Protocol": "token.ONE, ticket.TWO"}, "ONE"),
        ({"Authorization": "Bearer ONE", "api-key": "TWO"}, "ONE"),
        ({"api-key": "ONE", "Sec-WebSocket-Protocol": "token.TWO"}, "ONE"),
        ({"X-Api-Key": "KEY"}, ""),
    ],
)
def test_headers_and_subprotocols(headers: dict[str, str], credential: str) -> None:
    assert approach(headers).credential == credential


@pytest.mark.parametrize("name", ["ticket", "token", "api-key"])
def test_the_address_is_another_matter(name: str) -> None:
    found = approach({}, {name: "KEY", "model": "local"})
    assert (found.credential, found.credential_in_address) == ("", "KEY")
    assert approach({}, {"model": "local"}).credential_in_address == ""


def test_where_the_page_came_from() -> None:
    assert approach({"Origin": "https://kiosk.example"}).origin == "https://kiosk.example"
    assert approach({}).origin is None


@given(st.text(), st.text())
def test_nothing_that_is_offered_raises(header: str, protocol: str) -> None:
    found = approach({"Authorization": header, "Sec-WebSocket-Protocol": protocol})
    assert isinstance(found.credential, str)
