"""Orders and blocks survive the way between the processes; a load that was not borne is void."""

import pytest

from voice_server.bench.load.orders import Block, Order, Session, decoded, judged, told
from voice_server.bench.load.statistics import Summary

pytestmark = pytest.mark.pure

ORDER = Order(port=80, pid=7, first=("hello",), sessions=2, seconds=4)


def block(void: str | None = None) -> Block:
    session = Session(3.0, [(0.5, 640)], [(0.1, "{}")], began_s=99.0)
    return Block(ORDER, 4.0, 0.4, 10, 20, 0.1, Summary(1, 1, 1, 1, 1), void, 1.5, 0, [session])


def test_both_come_back_as_they_were() -> None:
    assert decoded(Order, told(ORDER)) == ORDER
    assert decoded(Block, told(block("late"))) == block("late")


def test_cpu_is_told_per_session() -> None:
    assert block().cpu_percent == pytest.approx(5.0)


def test_a_block_is_void_when_it_was_late_or_somebody_was_missing() -> None:
    assert judged([0.1], ["", ""])[1] is None
    assert judged([9.0], ["", "closed with 4029"])[1] == (
        "the load generator was 9.0 ms late (p99; 5 ms is allowed)"
    )
    assert judged([0.1], ["", "closed with 4029"])[1] == (
        "1 sessions were not there: closed with 4029"
    )


def test_a_server_that_is_behind_has_not_borne_the_load() -> None:
    assert judged([1.0], [""], behind_s=1.9)[1] is None
    assert judged([1.0], [""], behind_s=3.04)[1] == "the server was 3.0 s behind"


def test_how_late_is_too_late_is_a_question_of_what_is_measured() -> None:
    assert judged([7.0], [""])[1] == "the load generator was 7.0 ms late (p99; 5 ms is allowed)"
    assert judged([7.0], [""], late_ms_max=20)[1] is None
