"""The download bar: one honest count out of several, and silence before the first byte."""

import io

import pytest
from rich.console import Console

from models.download_bar import Bars

pytestmark = pytest.mark.pure


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def bars(screen: io.StringIO) -> Bars:
    return Bars("base", Console(file=screen, force_terminal=True, width=120))


def test_the_furthest_count_of_bytes_is_shown(bars: Bars, screen: io.StringIO) -> None:
    with bars:
        written = bars.bar_class(total=1_000_000, unit="B", desc="Reconstructing")
        received = bars.bar_class(total=2_000_000, unit="B", desc="Downloading")
        written.update(300_000)
        received.update(500_000)
        received.update(1_000_000)
    assert (bars.done_bytes, bars.total_bytes) == (1_500_000, 2_000_000)
    assert "fetching base" in screen.getvalue()
    assert "1.5/2.0 MB" in screen.getvalue()


def test_the_bar_never_goes_back(bars: Bars) -> None:
    with bars:
        bars.report(500, 1000)
        bars.report(400, 900)
    assert (bars.done_bytes, bars.total_bytes) == (500, 1000)


def test_files_are_not_bytes(bars: Bars, screen: io.StringIO) -> None:
    with bars, bars.bar_class(total=5, desc="Fetching 5 files") as files:
        files.update(5)
        files.set_description("done")
    assert bars.done_bytes == 0
    assert not screen.getvalue()


def test_a_total_that_grows_is_believed(bars: Bars) -> None:
    with bars:
        bar = bars.bar_class(total=0, unit="B")
        bar.total = 100
        bar.update(150)
    assert bars.total_bytes == 150


def test_the_library_may_draw_and_close_as_it_likes(bars: Bars, screen: io.StringIO) -> None:
    with bars:
        bar = bars.bar_class(total=10, unit="B", name="hub", disable=False)
        bar.refresh()
        bar.set_postfix_str("1 MB/s")
        bar.close()
    assert not screen.getvalue()
