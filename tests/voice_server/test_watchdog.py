"""A loop that stands still is noticed while it stands, and named; a busy one is left alone."""

import asyncio
import logging
import sys
import threading

import pytest
from pydantic import ValidationError

from voice_server.settings import LimitSettings
from voice_server.watchdog import places, watched_loop

pytestmark = pytest.mark.engine

STALL_S = 0.05


async def test_a_stall_is_counted_while_it_lasts_and_its_place_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    noticed = threading.Event()
    with caplog.at_level(logging.WARNING), watched_loop(STALL_S, noticed.set):
        stand_still(noticed)
    (record,) = caplog.records
    assert record.message == "the event loop stood still"
    assert "in stand_still" in vars(record)["place"]
    assert vars(record)["ms"] >= 1000 * STALL_S


def stand_still(until: threading.Event) -> None:
    """As a call does that should have been made elsewhere."""
    assert until.wait(20)


def test_by_default_a_stall_is_what_people_would_notice() -> None:
    assert LimitSettings().loop_stall_ms == 500
    with pytest.raises(ValidationError):
        LimitSettings(loop_stall_ms=49)  # a busy machine's loop is that late now and then


async def test_a_busy_loop_is_no_stall(caplog: pytest.LogCaptureFixture) -> None:
    stalls: list[None] = []
    with watched_loop(20.0, lambda: stalls.append(None)):
        for _ in range(10_000):
            await asyncio.sleep(0)
    assert (stalls, caplog.records) == ([], [])


def test_places_are_named_without_values() -> None:
    secret = "marmalade"
    told = places(sys._getframe())
    assert "test_watchdog.py" in told.split(" < ")[0]
    assert secret not in told
