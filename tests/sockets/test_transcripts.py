"""What is said is on disk if the operator asks for it, and the talk goes on if the disk does not
take it (R-25)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.scrape import scrape_until
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import connected

pytestmark = pytest.mark.socket

LINES = 'voice_server_transcript_lines_total{{outcome="{}"}}'
QUESTION = "Please remember the canary."


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where transcripts go."""
    return tmp_path_factory.mktemp("state") / "transcripts"


@pytest.fixture(scope="module")
def recording(kept: Path) -> Iterator[ServerProcess]:
    """A server that writes down what is said, and does not wait for long to try again."""
    settings = {
        "transcripts.directory": str(kept),
        "transcripts.free_bytes_min": "0",
        "transcripts.retry_s": "0.05",
        "tts.scripted.char_ms": "5",
        "logs.level": "debug",
    }
    options = (word for item in settings.items() for word in ("--set", "=".join(item)))
    server = ServerProcess(*SCRIPTED, *options)
    with server:
        yield server
    assert "canary" not in server.log


def lines_in(kept: Path) -> tuple[Path, list[dict[str, str]]]:
    """The one file that there is, and what it says."""
    [file] = kept.rglob("*.jsonl")
    return file, [json.loads(line) for line in file.read_text().splitlines()]


def permissions(path: Path) -> int:
    return path.stat().st_mode & 0o777


def put_a_stone(kept: Path) -> None:
    """The folder is gone, and something else is in its place."""
    kept.rename(kept.with_name("aside"))
    kept.touch()


def put_it_right(kept: Path) -> None:
    """There is a folder again."""
    kept.unlink()
    kept.mkdir()


async def test_a_conversation_is_kept_for_the_operator_alone(
    recording: ServerProcess, kept: Path
) -> None:
    async with connected(recording.url) as client:
        await client.send("text", text=QUESTION)
        done = await client.wait_for("response.done")
        session = client.events("ready")[0]["session"]
        await scrape_until(recording.url, lambda told: told.get(LINES.format("kept"), 0) >= 2)
    file, (asked, answered) = lines_in(kept)
    assert file.name == f"{session}.jsonl"
    assert [permissions(path) for path in (kept, file.parent, file)] == [0o700, 0o700, 0o600]
    assert (asked["role"], asked["text"]) == ("user", QUESTION)
    assert (answered["role"], answered["text"]) == ("assistant", done["text"])
    assert answered["session"] == session


async def test_the_talk_goes_on_without_the_disk(recording: ServerProcess, kept: Path) -> None:
    put_a_stone(kept)
    async with connected(recording.url) as client:
        await client.send("text", text=QUESTION)
        await client.wait_for("notice", lambda told: told["code"] == "transcript_not_kept")
        done = await client.wait_for("response.done")
        before = await scrape_until(recording.url, lambda told: LINES.format("failed") in told)
        put_it_right(kept)
        wanted = before.get(LINES.format("kept"), 0) + 2
        after = await scrape_until(
            recording.url, lambda told: told.get(LINES.format("kept"), 0) >= wanted
        )
    assert done["status"] == "completed"
    assert after.get(LINES.format("lost"), 0) == 0
    assert [line["text"] for line in lines_in(kept)[1]] == [QUESTION, done["text"]]
