"""The download bar: one honest count out of several, and silence before the first byte."""

import io

import pytest
from rich.console import Console

from models.download_bar import Bar, Bars

pytestmark = pytest.mark.pure


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def bars(screen: io.StringIO) -> Bars:
    return Bars(Console(file=screen, force_terminal=True, width=120))


@pytest.fixture
def bar(bars: Bars) -> Bar:
    return bars.bar("base")


def test_the_furthest_count_of_bytes_is_shown(bar: Bar, screen: io.StringIO) -> None:
    with bar:
        written = bar.bar_class(total=1_000_000, unit="B", desc="Reconstructing")
        received = bar.bar_class(total=2_000_000, unit="B", desc="Downloading")
        written.update(300_000)
        received.update(500_000)
        received.update(1_000_000)
    assert (bar.done_bytes, bar.total_bytes) == (1_500_000, 2_000_000)
    assert "fetching base" in screen.getvalue()
    assert "1.5/2.0 MB" in screen.getvalue()


def test_the_bar_never_goes_back(bar: Bar) -> None:
    with bar:
        bar.report(500, 1000)
        bar.report(400, 900)
    assert (bar.done_bytes, bar.total_bytes) == (500, 1000)


def test_files_are_not_bytes(bar: Bar, screen: io.StringIO) -> None:
    with bar, bar.bar_class(total=5, desc="Fetching 5 files") as files:
        files.update(5)
        files.set_description("done")
    assert bar.done_bytes == 0
    assert not screen.getvalue()


def test_a_total_that_grows_is_believed(bar: Bar) -> None:
    with bar:
        shown = bar.bar_class(total=0, unit="B")
        shown.total = 100
        shown.update(150)
    assert bar.total_bytes == 150


def test_the_library_may_draw_and_close_as_it_likes(bar: Bar, screen: io.StringIO) -> None:
    with bar:
        shown = bar.bar_class(total=10, unit="B", name="hub", disable=False)
        shown.refresh()
        shown.set_postfix_str("1 MB/s")
        shown.close()
    assert not screen.getvalue()


def test_downloads_at_once_share_a_screen(bars: Bars, screen: io.StringIO) -> None:
    with bars.bar("base") as first, bars.bar("small") as second:
        first.report(500, 1000)
        second.report(300, 600)
        first.report(1000, 1000)
    shown = screen.getvalue()
    assert "fetching base" in shown
    assert "fetching small" in shown
    assert shown.count("\x1b[?25l") == 1, "the cursor is hidden once for all"


def test_a_screen_that_was_left_is_not_drawn_on_again(bars: Bars, screen: io.StringIO) -> None:
    with bars.bar("base") as first:
        first.report(1, 2)
    with bars.bar("small") as second:
        second.report(1, 2)
    assert "fetching base" not in screen.getvalue().splitlines()[-1]
