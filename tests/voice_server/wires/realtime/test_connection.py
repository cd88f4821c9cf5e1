"""What a connection remembers: errands that come back once, and no more than fits."""

import pytest

from tests.support.realtime import AROUND
from voice_server import events as ev
from voice_server.wires.realtime.client_messages import ResponseParams
from voice_server.wires.realtime.connection import (
    CALLS_MAX,
    REQUESTED_MAX,
    SPOKEN_MAX,
    Connection,
    Errand,
)
from voice_server.wires.realtime.errors import invalid
from voice_server.wires.realtime.session_object import Session

pytestmark = pytest.mark.pure


@pytest.fixture
def connection() -> Connection:
    return Connection("k", Session(), AROUND)


def test_an_errand_comes_back_once(connection: Connection) -> None:
    sent = connection.send_out(Errand("commit", "mine"), ev.AudioCommitted())
    assert sent.event == ev.AudioCommitted()
    assert connection.come_back(sent.id) == Errand("commit", "mine")
    assert connection.come_back(sent.id) is None
    assert connection.come_back(None) is None


def test_a_refusal_is_an_errand(connection: Connection) -> None:
    refused = connection.refuse(invalid("a.b", "No."), "mine")
    errand = connection.come_back(refused.id)
    assert errand == Errand("refused", "mine", param="a.b", reason="invalid_value")


def test_names_never_come_twice(connection: Connection) -> None:
    names = [connection.name(kind) for kind in ("event", "item", "event")]
    assert len(set(names)) == 3


def test_no_more_is_remembered_than_fits(connection: Connection) -> None:
    for number in range(REQUESTED_MAX + SPOKEN_MAX):
        connection.request(str(number), ResponseParams())
        connection.speak(str(number), number)
        connection.note_call(str(number), by_server=False)
    assert len(connection.requested) == len(connection.waiting) == REQUESTED_MAX
    assert len(connection.spoken) == SPOKEN_MAX
    assert len(connection.awaited) == CALLS_MAX
    assert str(REQUESTED_MAX + SPOKEN_MAX - 1) in connection.spoken
