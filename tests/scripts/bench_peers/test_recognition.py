"""Who keeps up with so many talkers: by the clock, by the words, by valid blocks alone."""

from pathlib import Path

import pytest

from scripts.bench_peers.heard import Clip, Score, Utterance
from scripts.bench_peers.orders import Block
from scripts.bench_peers.recognition import Measured, Subject, as_correct, in_time
from scripts.bench_peers.servers import SETUPS, Place

pytestmark = pytest.mark.pure

CLIP = Clip("turn off", "", 0.5, 1.5, [("turn", 1.0), ("off", 1.5)])
OURS = SETUPS[0]


def a_score(first: float | None = 300, complete: float | None = 200, error: float = 0) -> Score:
    return Score(first, complete, None, [], 0, 2, error)


def block(talkers: int, late_s: float, text: str = "turn off", void: str | None = None) -> Block:
    said = [Utterance(0, [(0.9, "turn", False), (1.5 + late_s, text, True)])] * talkers
    return Block(talkers, 1.0, talkers * 1.0, None, void, said)


def subject(*blocks: Block) -> tuple[Measured, Subject]:
    one = Subject(OURS, 1, 1, list(blocks))
    return Measured([CLIP], [], [one]), one


def test_19_of_20_are_enough_and_18_are_not() -> None:
    good, bad = a_score(), a_score(complete=501)
    assert in_time([good] * 19 + [bad], streams=True)
    assert not in_time([good] * 18 + [bad] * 2, streams=True)


def test_what_was_never_shown_is_late() -> None:
    assert not in_time([a_score(complete=None)], streams=True)
    assert not in_time([], streams=True)


def test_first_words_count_where_there_are_any_before_the_end() -> None:
    late = [a_score(first=1001)]
    assert not in_time(late, streams=True)
    assert in_time(late, streams=False)


def test_being_quick_by_being_wrong_is_no_use() -> None:
    assert as_correct([a_score(error=0.2)], [a_score(error=0.15)])
    assert not as_correct([a_score(error=0.2)], [a_score(error=0.05)])


def test_talkers_held_is_the_last_load_before_the_first_that_was_too_much() -> None:
    measured, one = subject(block(1, 0.2), block(2, 0.4), block(4, 0.6), block(8, 0.2))
    assert measured.held(one) == 2


def test_a_server_that_is_late_alone_holds_nobody() -> None:
    measured, one = subject(block(1, 0.6))
    assert measured.held(one) == 0


def test_void_blocks_say_nothing() -> None:
    measured, one = subject(block(1, 0.2), block(2, 0.4, void="late"))
    assert measured.held(one) == 1


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_every_command_names_its_port_and_the_model(setup: object, tmp_path: Path) -> None:
    place = Place(Path("there"), tmp_path / "model", tmp_path, "warm.wav", 4711)
    command = next(s for s in SETUPS if s is setup).command(place)
    assert any("4711" in word for word in command)
    assert str(tmp_path / "model") in command
