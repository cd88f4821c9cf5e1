"""What makes a handshake, or any request, one that is not even looked at."""

import base64

import pytest
from aiohttp import HttpVersion, HttpVersion10, HttpVersion11
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from tests.support.raw_frames import HANDSHAKE
from voice_server.door.handshake import (
    Objection,
    answer_headers,
    asks_for_websocket,
    handshake_objection,
    request_objection,
)

pytestmark = pytest.mark.pure


def headers(*added: tuple[str, str], **changed: str) -> CIMultiDictProxy[str]:
    fields = CIMultiDict({**HANDSHAKE, **changed})
    fields.extend(added)
    return CIMultiDictProxy(fields)


def status(fields: CIMultiDictProxy[str], *, method: str = "GET", has_body: bool = False) -> int:
    objection = handshake_objection(HttpVersion11, method, fields, has_body=has_body)
    return objection.status if objection else 101


def test_a_handshake_is_taken() -> None:
    assert status(headers()) == 101
    assert asks_for_websocket("GET", headers(Connection="keep-alive, upgrade"))


@given(st.binary(min_size=16, max_size=16))
def test_any_16_bytes_are_a_key(key: bytes) -> None:
    fields = {"Sec-WebSocket-Key": base64.b64encode(key).decode()}
    assert status(headers(**fields)) == 101


@given(st.text(max_size=40))
def test_other_keys_are_refused_and_break_nothing(key: str) -> None:
    fields = headers(**{"Sec-WebSocket-Key": key})
    assert status(fields) in (101, 400)


def test_another_version_is_told_which_one_is_spoken() -> None:
    objection = handshake_objection(
        HttpVersion11, "GET", headers(**{"Sec-WebSocket-Version": "8"}), has_body=False
    )
    assert objection is not None
    assert answer_headers(objection)["Sec-WebSocket-Version"] == "13"
    assert answer_headers(Objection(400, "")) == {}


@pytest.mark.parametrize("name", ["Sec-WebSocket-Key", "Sec-WebSocket-Version"])
def test_what_a_handshake_says_twice_is_refused(name: str) -> None:
    assert status(headers((name, HANDSHAKE[name]))) == 400


def test_a_body_or_another_method_is_refused() -> None:
    assert status(headers(), has_body=True) == 400
    assert status(headers(), method="POST") == 426
    old = handshake_objection(HttpVersion10, "GET", headers(), has_body=False)
    assert old is not None
    assert old.status == 400


@pytest.mark.parametrize("name", ["Host", "Origin", "Authorization"])
def test_what_any_request_says_twice_is_refused(name: str) -> None:
    once = headers() if name == "Host" else headers((name, "a"))
    assert request_objection(HttpVersion11, "/", once) is None
    twice = CIMultiDict(once)
    twice.add(name, "a")
    objection = request_objection(HttpVersion11, "/", CIMultiDictProxy(twice))
    assert objection is not None
    assert objection.status == 400
    assert name in objection.message


def test_a_host_is_needed_since_http_1_1() -> None:
    nothing: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())
    assert request_objection(HttpVersion11, "/", nothing) is not None
    assert request_objection(HttpVersion10, "/", nothing) is None
    assert request_objection(HttpVersion(0, 9), "/", nothing) is not None


def test_no_name_is_longer_than_file_systems_allow() -> None:
    assert request_objection(HttpVersion11, "/" + "a" * 255, headers()) is None
    objection = request_objection(HttpVersion11, "/b/" + "a" * 256, headers())
    assert objection is not None
    assert objection.status == 404
