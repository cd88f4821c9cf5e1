"""One progress bar on stderr for one download, however many files and threads it takes.

`huggingface_hub` reports to bars of the `tqdm` kind: several at once for the same bytes, and one
that counts files. They are kept silent here, and the one that counts most bytes is drawn.
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
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class Bars:
    """A bar with speed and time left, drawn from the first byte until the context closes."""

    def __init__(self, name: str, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("fetching {task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
        )
        self._task = self._progress.add_task(name, total=None)
        self._lock = threading.Lock()
        self.done_bytes = 0
        self.total_bytes = 0
        self.bar_class = _silent_bar(self)
        """To be given to `huggingface_hub` as its `tqdm_class`."""

    def report(self, done_bytes: float, total_bytes: float) -> None:
        """Show the furthest of all counts."""
        with self._lock:
            self._progress.start()
            self.done_bytes = max(self.done_bytes, int(done_bytes))
            self.total_bytes = max(self.total_bytes, int(total_bytes), self.done_bytes)
            self._progress.update(self._task, completed=self.done_bytes, total=self.total_bytes)

    def __enter__(self) -> "Bars":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()


def _silent_bar(bars: Bars) -> type[Any]:
    class SilentBar(tqdm):  # type: ignore[misc]  # the library is untyped for us
        """Draws nothing, reports bytes."""

        def __init__(self, *args: Any, **options: Any) -> None:
            self._counts_bytes = options.get("unit") == "B"
            super().__init__(*args, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            if self._counts_bytes:
                bars.report(self.n, self.total or 0)

        def refresh(self, *_args: Any, **_options: Any) -> None:
            """Nothing to draw."""

    return SilentBar
