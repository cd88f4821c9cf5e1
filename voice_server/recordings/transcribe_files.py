"""What `voice-server transcribe` does: files in, text or subtitles out, with a progress bar."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from models.asr import Recognizer
from voice_server.engines import load_engines
from voice_server.recordings.audio_file import (
    STDIN,
    AudioFileError,
    check_readable,
    open_recording,
)
from voice_server.recordings.subtitles import Format, Passage, write
from voice_server.recordings.transcribe import transcribe
from voice_server.settings import Settings

EXTENSIONS: dict[Format, str] = {"text": "txt", "srt": "srt", "vtt": "vtt", "json": "json"}


async def transcribe_files(
    paths: Sequence[str], format: Format, output: Path | None, settings: Settings
) -> None:
    """Transcribe one file to stdout or `output`, or several into the folder `output`.

    Raises `AudioFileError`, `ModelError` and `RecognitionError`.
    """
    if len(paths) > 1 and output is None:
        raise AudioFileError("Several files need a folder for the results: add -o FOLDER.")
    for path in paths:
        if path != STDIN:
            check_readable(path)  # before models are loaded, which takes a while
    engines = await load_engines(settings)
    try:
        for path in paths:
            passages = await transcribed(path, engines.recognizer, settings)
            deliver(write(passages, format), target(path, format, output, alone=len(paths) == 1))
    finally:
        await engines.close()


async def transcribed(path: str, recognizer: Recognizer, settings: Settings) -> list[Passage]:
    """Everything that is said in one file."""
    with (
        open_recording(path) as recording,
        _bar(recording.name, recording.duration_ms) as progress,
    ):
        async with aclosing(transcribe(recording, recognizer, settings, progress)) as passages:
            return [passage async for passage in passages if passage.text]


@contextmanager
def _bar(name: str, duration_ms: int | None) -> Iterator[Callable[[int], None]]:
    """Draw how far we are on stderr: share, times real time, time left."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(Path(name).name, total=duration_ms, speed="")
        began_s = time.monotonic()

        def progress(done_ms: int) -> None:
            elapsed_ms = (time.monotonic() - began_s) * 1000
            speed = f"{done_ms / max(elapsed_ms, 1):.1f} × real time"
            bar.update(task, completed=done_ms, speed=speed)

        yield progress
        if duration_ms is not None:
            progress(duration_ms)  # Silence at the end is nobody's passage.


def target(path: str, format: Format, output: Path | None, *, alone: bool) -> Path | None:
    """Where the result of one file goes; None is stdout."""
    if output is None or (alone and not output.is_dir()):
        return output
    stem = "stdin" if path == STDIN else Path(path).stem
    return output / f"{stem}.{EXTENSIONS[format]}"


def deliver(text: str, file: Path | None) -> None:
    """Write a result to its file, or to stdout. Raises `AudioFileError`."""
    if file is None:
        sys.stdout.write(text)
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AudioFileError(f"{file} cannot be written: {error.strerror}.") from error
