"""Whose credentials are void, and the file that says so.

A file, and not an endpoint: it outlives a restart, needs no key that could revoke all others, works
while the server does not, and can be read and put right with an editor. Several processes on one
machine share it; processes on several machines share a `Store` instead. One line each:

    2026-11-21T04:10:00Z alice
"""

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from voice_server.identity.identity import Identity
from voice_server.identity.store import StoreUnavailable
from voice_server.settings import SettingsError

FILE_BYTES_MAX = 4_194_304

_TIME = "%Y-%m-%dT%H:%M:%SZ"


def is_revoked(identity: Identity, revocations: Mapping[str, float]) -> bool:
    """Whether somebody's credential is void.

    A key is, as long as its user or itself is listed. What was issued later than that is not: the
    user was let in anew.
    """
    return any(
        (at := revocations.get(subject)) is not None
        and (identity.issued_at is None or identity.issued_at <= at)
        for subject in identity.subjects
        if subject
    )


def default_file() -> Path:
    """Where the state of applications belongs (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "voice-server" / "revoked"


class RevocationFile:
    """Reads the file again when it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: Mapping[str, float] = {}
        self._stamp: tuple[int, int] | None = None

    async def read(self) -> Mapping[str, float]:
        """Everything revoked, by subject, in Unix seconds. No file: nothing.

        A line that cannot be read is skipped: one typing error must not let all the others in.
        Raises `StoreUnavailable`.
        """
        return await asyncio.to_thread(self._fresh)

    def _fresh(self) -> Mapping[str, float]:
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                with self.path.open(encoding="utf-8", errors="replace") as file:
                    self._read = parse(file.read(FILE_BYTES_MAX))
                self._stamp = stamp
        except FileNotFoundError:
            self._read, self._stamp = {}, None
        except OSError as error:
            raise StoreUnavailable(f"{self.path}: {error.strerror}") from error
        return self._read

    def append(self, subject: str, at: float) -> None:
        """Revoke. Raises `SettingsError` where the file cannot be written."""
        line = f"{datetime.fromtimestamp(at, UTC).strftime(_TIME)} {subject}\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            private = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(private, "a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise SettingsError(f"auth.revoked_file: {self.path}: {error.strerror}") from None


def parse(text: str) -> dict[str, float]:
    """The lines of the file; of several about one subject the latest counts."""
    revoked: dict[str, float] = {}
    for line in text.splitlines():
        time, _, subject = line.strip().partition(" ")
        try:
            at = datetime.strptime(time, _TIME).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
        if subject := subject.strip():
            revoked[subject] = max(at, revoked.get(subject, at))
    return revoked
