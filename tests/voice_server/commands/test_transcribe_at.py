"""`voice-server transcribe --server` as a process, and the times in its subtitles."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.clips import speech_span
from tests.support.server import ServerProcess
from voice_server.client.errands import Said
from voice_server.client.events import Final
from voice_server.client.parts import Word
from voice_server.commands.transcribe_at import passage

pytestmark = pytest.mark.socket

COMMAND = (sys.executable, "-m", "voice_server", "transcribe")
ROOT = Path(__file__).parents[3]
CLIPS = ROOT / "tests" / "clips"


def transcribe(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_subtitles_by_a_server(server: ServerProcess) -> None:
    words = (str(CLIPS / "question.flac"), "--format", "srt")
    done = transcribe(*words, "--server", server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "What is the weather like in London today?" in done.stdout


def test_several_files_into_a_folder(server: ServerProcess, tmp_path: Path) -> None:
    files = (str(CLIPS / "question.flac"), str(CLIPS / "no.flac"))
    assert transcribe(*files, "--server", server.url).returncode == 2
    done = transcribe(*files, "--server", server.url, "-o", str(tmp_path))
    assert done.returncode == 0
    assert "London" in (tmp_path / "question.txt").read_text()
    assert "o." in (tmp_path / "no.txt").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("none.wav",), "none.wav cannot be opened"),
        (("none.wav", "--server", "127.0.0.1:9"), "Nobody answers at"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    done = transcribe(*words, "--asr", "scripted", "--offline")
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_first_word_begins_where_the_voice_did() -> None:
    begin_ms = speech_span("question").start_ms
    words = [Word("What", 480, 700, 0.9), Word("time?", 700, 1000, 0.8)]
    final = Final(item="turn_1", text="What time?", lang="en", words=words)
    made = passage(Said(begin_ms, begin_ms + 2000, final))
    assert [(word.start_ms - begin_ms, word.end_ms - begin_ms) for word in made.words] == [
        (0, 220),
        (220, 520),
    ]
    assert (made.start_ms, made.end_ms) == (begin_ms, begin_ms + 520)


def test_without_words_the_stretch_is_the_passage() -> None:
    made = passage(Said(600, 2000, Final(item="turn_1", text="Hm.")))
    assert (made.start_ms, made.end_ms, made.words) == (600, 2000, ())
