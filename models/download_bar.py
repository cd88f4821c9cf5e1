"""Progress bars on stderr: one for each download, however many files and threads it takes.

`huggingface_hub` reports to bars of the `tqdm` kind: several at once for the same bytes, and one
that counts files. They are kept silent here, and the one that counts most bytes is drawn. All
downloads of a hub share one screen, which appears with the first byte.
"""

import threading
from types import TracebackType
from typing import Any

from huggingface_hub.utils import tqdm
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class Bars:
    """The bars of downloads that go on at once, with speed and time left."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._open = 0
        self._lock = threading.Lock()

    def bar(self, name: str) -> "Bar":
        """A bar for one download; enter it, and give its `bar_class` to `huggingface_hub`."""
        return Bar(self, name)

    def enter(self) -> None:
        """One more download."""
        with self._lock:
            self._open += 1

    def leave(self) -> None:
        """One less; the last one leaves the screen as it is."""
        with self._lock:
            self._open -= 1
            if not self._open and self._progress is not None:
                self._progress.stop()
                self._progress = None

    def draw(self, task: TaskID | None, name: str, done_bytes: int, total_bytes: int) -> TaskID:
        """Show how far a download is; a new one without `task`."""
        with self._lock:
            progress = self._screen()
            if task is None:
                task = progress.add_task(name, total=None)
            progress.update(task, completed=done_bytes, total=total_bytes)
            return task

    def _screen(self) -> Progress:
        if self._progress is None:
            self._progress = Progress(
                TextColumn("fetching {task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=self._console or Console(stderr=True),
            )
            self._progress.start()
        return self._progress


class Bar:
    """How far one download is; drawn from its first byte on."""

    def __init__(self, bars: Bars, name: str) -> None:
        self._bars = bars
        self._name = name
        self._task: TaskID | None = None
        self._lock = threading.Lock()
        self.done_bytes = 0
        self.total_bytes = 0
        self.bar_class = _silent_bar(self)
        """To be given to `huggingface_hub` as its `tqdm_class`."""

    def report(self, done_bytes: float, total_bytes: float) -> None:
        """Show the furthest of all counts."""
        with self._lock:
            self.done_bytes = max(self.done_bytes, int(done_bytes))
            self.total_bytes = max(self.total_bytes, int(total_bytes), self.done_bytes)
            self._task = self._bars.draw(self._task, self._name, self.done_bytes, self.total_bytes)

    def __enter__(self) -> "Bar":
        self._bars.enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.leave()


def _silent_bar(bar: Bar) -> type[Any]:
    class SilentBar(tqdm):  # type: ignore[misc]  # the library is untyped for us
        """Draws nothing, reports bytes."""

        def __init__(self, *args: Any, **options: Any) -> None:
            self._counts_bytes = options.get("unit") == "B"
            super().__init__(*args, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            if self._counts_bytes:
                bar.report(self.n, self.total or 0)

        def refresh(self, *_args: Any, **_options: Any) -> None:
            """Nothing to draw."""

    return SilentBar
