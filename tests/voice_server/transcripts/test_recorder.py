"""What is said reaches the disk in order, sooner or later, and nobody waits for it (R-25)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from voice_server import events as ev
from voice_server.metrics import Metrics
from voice_server.settings import TranscriptSettings
from voice_server.transcripts.folder import TranscriptFolder
from voice_server.transcripts.recorder import NOT_KEPT, TranscriptRecorder, recorder_of, recording

pytestmark = pytest.mark.pure

NOON = 1_795_262_400.0
TODAY = "2026-11-21"


class WatchedFolder(TranscriptFolder):
    """Says, from the disk's thread, when something was done."""

    def __init__(self, directory: Path, settings: TranscriptSettings) -> None:
        super().__init__(directory, settings)
        self._loop = asyncio.get_running_loop()
        self.attempts: asyncio.Queue[str] = asyncio.Queue()
        """Outcomes."""
        self.swept = asyncio.Event()

    def append(self, day: str, session: str, lines: bytes) -> None:
        outcome = "failed"
        try:
            super().append(day, session, lines)
            outcome = "kept"
        finally:
            self._loop.call_soon_threadsafe(self.attempts.put_nowait, outcome)

    def sweep(self, today: str) -> int:
        gone = super().sweep(today)
        self._loop.call_soon_threadsafe(self.swept.set)
        return gone


class Desk:
    """A recorder, and what two sessions hear."""

    def __init__(self, directory: Path, **changes: object) -> None:
        given = {"directory": directory, "free_bytes_min": 0, "retry_s": 0.01, **changes}
        settings = TranscriptSettings.model_validate(given)
        self.metrics = Metrics()
        self.folder = WatchedFolder(directory, settings)
        self.recorder = TranscriptRecorder(self.folder, settings, self.metrics, lambda: NOON)
        self.heard: dict[str, list[ev.ServerEvent]] = {"ses_1": [], "ses_2": []}
        self._emits = {
            session: self.recorder.follow(session, "alice", heard.append)
            for session, heard in self.heard.items()
        }

    def say(self, session: str, text: str) -> None:
        self._emits[session](ev.FinalTranscript(1, text, "en", 1.0, (), 100))

    def counted(self, outcome: str) -> float:
        name, labels = "voice_server_transcript_lines_total", {"outcome": outcome}
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


def texts(file: Path) -> list[str]:
    return [json.loads(line)["text"] for line in file.read_text().splitlines()]


@asynccontextmanager
async def at_work(desk: Desk) -> AsyncIterator[None]:
    async with recording(desk.recorder):
        yield


async def test_everything_said_is_kept_in_order(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    async with at_work(desk):
        for number in range(250):
            desk.say(f"ses_{1 + number % 2}", str(number))
    assert texts(tmp_path / TODAY / "ses_1.jsonl") == [str(n) for n in range(0, 250, 2)]
    assert texts(tmp_path / TODAY / "ses_2.jsonl") == [str(n) for n in range(1, 250, 2)]
    assert (desk.counted("kept"), desk.counted("lost")) == (250, 0)
    assert all(isinstance(event, ev.FinalTranscript) for event in desk.heard["ses_1"])


async def test_a_disk_that_fails_is_told_once_and_tried_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    stone = tmp_path / TODAY
    stone.touch()  # where the folder should be
    async with at_work(desk):
        desk.say("ses_1", "one")
        assert [await desk.folder.attempts.get() for _ in range(3)] == ["failed"] * 3
        desk.say("ses_1", "two")
        stone.unlink()
        while await desk.folder.attempts.get() != "kept":
            pass
        desk.say("ses_1", "three")
    assert texts(stone / "ses_1.jsonl") == ["one", "two", "three"]
    assert desk.heard["ses_1"].count(NOT_KEPT) == 1
    assert (desk.counted("kept"), desk.counted("lost")) == (3, 0)
    assert NOT_KEPT not in desk.heard["ses_2"]


async def test_what_waits_for_the_disk_is_bounded(tmp_path: Path) -> None:
    desk = Desk(tmp_path, waiting_bytes_max=4096)
    for number in range(100):
        desk.say("ses_1", f"{number:100}")
    async with at_work(desk):
        pass
    kept = desk.counted("kept")
    assert 0 < kept < 30
    assert desk.counted("lost") == 100 - kept
    labels = {"limit": "transcripts_waiting_bytes"}
    registry = desk.metrics.registry
    hits = registry.get_sample_value("voice_server_limit_hits_total", labels)
    assert hits == desk.counted("lost")


async def test_a_server_that_stops_does_not_wait_for_a_disk_that_fails(tmp_path: Path) -> None:
    desk = Desk(tmp_path, retry_s=3600)
    (tmp_path / TODAY).touch()
    async with at_work(desk):
        desk.say("ses_1", "one")
    assert desk.counted("lost") == 1


async def test_old_days_go_as_soon_as_it_works(tmp_path: Path) -> None:
    old = tmp_path / "2020-01-01"
    old.mkdir()
    desk = Desk(tmp_path)
    async with at_work(desk):
        await desk.folder.swept.wait()
    assert not old.exists()


async def test_nothing_is_kept_unless_asked() -> None:
    assert recorder_of(TranscriptSettings(), Metrics()) is None
    async with recording(None):
        pass
