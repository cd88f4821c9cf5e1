"""Where a transcript goes: stdout or a file, passage by passage where the format allows that."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from voice_server.recordings.audio_file import STDIN, AudioFileError
from voice_server.recordings.subtitles import STREAMED, Format, Passage, write
from voice_server.recordings.web_recording import is_address, name_of

EXTENSIONS: dict[Format, str] = {
    "text": "txt",
    "srt": "srt",
    "vtt": "vtt",
    "json": "json",
    "jsonl": "jsonl",
}


def target(path: str, format: Format, output: Path | None, *, alone: bool) -> Path | None:
    """Where the result of one recording goes; None is stdout."""
    if output is None or (alone and not output.is_dir()):
        return output
    name = name_of(path) if is_address(path) else path
    stem = "stdin" if path == STDIN else Path(name).stem
    return output / f"{stem}.{EXTENSIONS[format]}"


@contextmanager
def result(format: Format, file: Path | None) -> Iterator[Callable[[Passage], None]]:
    """Take passages, in order. Raises `AudioFileError` where they cannot be written.

    What is written line by line is there at once; the rest when all is known, if nothing failed.
    """
    passages: list[Passage] = []
    with _opened(file) as put:

        def take(passage: Passage) -> None:
            if format in STREAMED:
                put(write([passage], format))
            else:
                passages.append(passage)

        yield take
        if format not in STREAMED:
            put(write(passages, format))


@contextmanager
def _opened(file: Path | None) -> Iterator[Callable[[str], None]]:
    if file is None:
        yield lambda text: _put(sys.stdout, text)
        return
    with _explained(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = file.open("w", encoding="utf-8")

    def put(text: str) -> None:
        with _explained(file):
            _put(stream, text)

    try:
        yield put
    finally:
        with _explained(file):
            stream.close()


def _put(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AudioFileError(f"{file} cannot be written: {error.strerror}.") from error
