"""What `voice-server transcribe` does: files in, text or subtitles out, with a progress bar."""

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
from voice_server.recordings.result_file import result, target
from voice_server.recordings.subtitles import Format, Passage
from voice_server.recordings.transcribe import transcribe
from voice_server.recordings.web_recording import at_hand, is_address
from voice_server.settings import Settings


async def transcribe_files(
    paths: Sequence[str], format: Format, output: Path | None, settings: Settings
) -> None:
    """Transcribe one file or address to stdout or `output`, or several into the folder `output`.

    Raises `AudioFileError`, `ModelError` and `RecognitionError`.
    """
    if len(paths) > 1 and output is None:
        raise AudioFileError("Several files need a folder for the results: add -o FOLDER.")
    for path in paths:
        if path != STDIN and not is_address(path):
            check_readable(path)  # before models are loaded, which takes a while
    engines = await load_engines(settings)
    try:
        for path in paths:
            file = target(path, format, output, alone=len(paths) == 1)
            async with at_hand(path) as local:
                with result(format, file) as take:
                    await _transcribe(local, engines.recognizer, settings, take)
    finally:
        await engines.close()


async def _transcribe(
    path: str, recognizer: Recognizer, settings: Settings, take: Callable[[Passage], None]
) -> None:
    """Everything that is said in one file."""
    with (
        open_recording(path) as recording,
        _bar(recording.name, recording.duration_ms) as progress,
    ):
        async with aclosing(transcribe(recording, recognizer, settings, progress)) as passages:
            async for passage in passages:
                if passage.text:
                    take(passage)


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
