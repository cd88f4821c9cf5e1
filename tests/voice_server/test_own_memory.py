"""How much of the memory is ours: as the system says, and nothing where it does not."""

import os
import sys
from pathlib import Path

import pytest

from voice_server.own_memory import OwnMemory

pytestmark = pytest.mark.pure

PAGE = os.sysconf("SC_PAGE_SIZE")


def test_the_share_is_of_the_pages_in_ram(tmp_path: Path) -> None:
    statm = tmp_path / "statm"
    statm.write_text("900 250 30 1 0 100 0\n")
    assert OwnMemory(1000 * PAGE, statm).share() == 0.25


def test_a_system_that_does_not_say_has_room(tmp_path: Path) -> None:
    assert OwnMemory(1000, tmp_path / "statm").share() == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says")
def test_this_process_takes_some_of_this_machine() -> None:
    share = OwnMemory().share()
    assert 0 < share < 1
    ballast = bytearray(b"x" * 200_000_000)
    assert OwnMemory().share() > share
    assert len(ballast)
