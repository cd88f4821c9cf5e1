"""Whatever breaks, the server gets every sample and every message, in the order of saying."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.client.outgoing import MESSAGES_MAX, Command, Outgoing, Speech

pytestmark = pytest.mark.pure

RATE = 100
"""Hertz: the newest minute has 6000 samples."""


def pcm(samples: int) -> bytes:
    return bytes(2 * samples)


def kept(**_: object) -> Outgoing:
    outgoing = Outgoing(RATE)
    outgoing.keeps = True
    return outgoing


def drained(outgoing: Outgoing) -> list[Speech | Command]:
    said = []
    while (piece := outgoing.take()) is not None:
        said.append(piece)
    return said


def spans(said: Iterable[Speech | Command]) -> list[tuple[int, int]]:
    return [(piece.position, piece.end) for piece in said if isinstance(piece, Speech)]


class Server:
    """Takes samples by position and messages by id, as the real one does."""

    def __init__(self) -> None:
        self.position = 0
        self.story: list[str] = []
        """Messages by id, with the position at which each was taken."""
        self._ids: set[str] = set()

    def take(self, said: Speech | Command) -> None:
        if isinstance(said, Speech):
            assert said.position <= self.position, "samples are missing"
            self.position = max(self.position, said.end)
        elif said.id not in self._ids:
            self._ids.add(said.id)
            self.story.append(f"{said.message['name']}@{self.position}")


steps = st.lists(
    st.one_of(
        st.tuples(st.just("speak"), st.integers(1, 50)),
        st.tuples(st.just("command"), st.just(0)),
        st.tuples(st.just("send"), st.integers(0, 5)),
        st.tuples(st.just("lose"), st.integers(1, 4)),
        st.tuples(st.just("cover"), st.integers(0, 100)),
    ),
    max_size=40,
)


@given(steps)
def test_nothing_is_lost_or_taken_twice_however_often_it_breaks(
    steps: list[tuple[str, int]],
) -> None:
    outgoing, server = kept(), Server()
    spoken, expected, names = 0, [], 0
    for what, amount in steps:
        match what:
            case "speak":
                outgoing.speak(pcm(amount))
                spoken += amount
            case "command":
                names += 1
                outgoing.command({"name": str(names)})
                expected.append(f"{names}@{spoken}")
            case "send":
                for _ in range(amount):
                    if (said := outgoing.take()) is not None:
                        server.take(said)
            case "lose":
                for _ in range(amount):
                    outgoing.take()  # on its way when the line breaks
                outgoing.again(server.position)
            case _:
                outgoing.covered(max(0, server.position - amount))
    outgoing.again(server.position)
    for said in drained(outgoing):
        server.take(said)
    assert (server.position, server.story) == (spoken, expected)


def test_the_newest_minute_is_kept_and_little_more() -> None:
    outgoing = kept()
    for _ in range(200):
        outgoing.speak(pcm(60))
        drained(outgoing)
    outgoing.again(0)
    said = spans(drained(outgoing))
    assert said[-1][1] - said[0][0] in range(6000, 6200)
    assert all(before[1] == after[0] for before, after in pairwise(said))


def test_what_waits_for_a_connection_is_bounded_as_well() -> None:
    outgoing = kept()
    for _ in range(500):
        outgoing.speak(pcm(60))
    assert spans(drained(outgoing))[0][0] >= 30_000 - 6200


def test_what_is_covered_is_not_kept() -> None:
    outgoing = kept()
    outgoing.speak(pcm(3000))
    outgoing.speak(pcm(3000))
    drained(outgoing)
    outgoing.covered(3000)
    outgoing.again(0)
    assert spans(drained(outgoing)) == [(3000, 6000)]


def test_what_one_server_has_and_none_has_covered_another_may_ask_for() -> None:
    """The first came back with all of it, and then died."""
    outgoing = kept()
    outgoing.speak(pcm(50))
    outgoing.speak(pcm(50))
    drained(outgoing)
    outgoing.again(100)
    assert drained(outgoing) == []
    outgoing.again(50)
    assert spans(drained(outgoing)) == [(50, 100)]


def test_another_session_does_not_hear_what_is_covered() -> None:
    outgoing = kept()
    outgoing.speak(pcm(50))
    outgoing.speak(pcm(30))
    outgoing.covered(50)
    outgoing.afresh(keep=True)
    assert spans(drained(outgoing)) == [(0, 30)]


def test_an_acknowledged_message_is_not_said_again() -> None:
    outgoing = kept()
    outgoing.command({"type": "text", "id": "mine"})
    outgoing.command({"type": "text"})
    _, ours = drained(outgoing)
    assert isinstance(ours, Command)
    assert not outgoing.acknowledged("mine")
    outgoing.again(0)
    assert drained(outgoing) == [ours]
    assert outgoing.acknowledged(ours.id)
    outgoing.again(0)
    assert drained(outgoing) == []


def test_a_server_that_never_answers_is_not_told_more_and_more() -> None:
    outgoing = kept()
    for _ in range(MESSAGES_MAX):
        outgoing.command({"type": "text"})
    drained(outgoing)
    with pytest.raises(OverflowError, match="not acknowledged"):
        outgoing.command({"type": "text"})


@pytest.mark.parametrize("keep", [True, False])
def test_a_new_session_begins_with_what_was_spoken_in_vain_or_with_nothing(keep: bool) -> None:
    outgoing = kept()
    outgoing.speak(pcm(50))
    outgoing.command({"type": "text"})
    drained(outgoing)
    outgoing.speak(pcm(10))
    outgoing.afresh(keep=keep)
    assert spans(drained(outgoing)) == ([(0, 50), (50, 60)] if keep else [])
    outgoing.speak(pcm(5))
    assert spans(drained(outgoing)) == ([(60, 65)] if keep else [(0, 5)])


def test_who_cannot_come_back_keeps_nothing() -> None:
    outgoing = Outgoing(RATE)
    outgoing.speak(pcm(50))
    outgoing.command({"type": "text"})
    assert len(drained(outgoing)) == 2
    outgoing.again(0)
    assert drained(outgoing) == []
