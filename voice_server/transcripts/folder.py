"""The files of transcripts: whole lines or none, for nobody else to read, and not for ever.

Everything here waits for the disk; call it in a thread.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from voice_server.settings import SettingsError, TranscriptSettings

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
SUFFIX = ".jsonl"


class TranscriptFolder:
    """`DIRECTORY/2026-11-21/SESSION.jsonl`."""

    def __init__(self, directory: Path, settings: TranscriptSettings) -> None:
        self._directory = directory
        self._settings = settings

    def prepare(self) -> None:
        """Make it. Raises `SettingsError`."""
        try:
            self._directory.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"transcripts.directory: {error.filename}: {error.strerror}"
            ) from None
        if not os.access(self._directory, os.W_OK | os.X_OK):
            message = f"transcripts.directory: {self._directory} cannot be written"
            raise SettingsError(message)

    def append(self, day: str, session: str, lines: bytes) -> None:
        """Write whole lines, all or none. Raises `OSError`."""
        self._require_room()
        folder = self._directory / day
        folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        with _private(folder / (session + SUFFIX)) as file:
            before = os.fstat(file).st_size
            try:
                _write_all(file, lines)
                if self._settings.fsync:
                    os.fsync(file)
            except OSError:
                os.ftruncate(file, before)
                raise

    def sweep(self, today: str) -> int:
        """Delete the days that are too old, and only what is ours; returns how many went."""
        oldest = date.fromisoformat(today) - timedelta(days=self._settings.retention_days)
        old = [folder for folder, when in self._days() if when < oldest]
        for folder in old:
            for file in folder.glob("*" + SUFFIX):
                file.unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
        return len(old)

    def _days(self) -> Iterator[tuple[Path, date]]:
        for folder in self._directory.iterdir():
            try:
                yield folder, date.fromisoformat(folder.name)
            except ValueError:
                continue  # somebody else's

    def _require_room(self) -> None:
        if shutil.disk_usage(self._directory).free < self._settings.free_bytes_min:
            message = "less is free than transcripts.free_bytes_min"
            raise OSError(errno.ENOSPC, message, str(self._directory))


@contextmanager
def _private(path: Path) -> Iterator[int]:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(path, flags, PRIVATE_FILE)
    try:
        yield file
    finally:
        os.close(file)


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
