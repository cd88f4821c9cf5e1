"""`voice-server transcribe --server`: recordings are recognised by a server."""

from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from models.asr import Word
from voice_server.client.errands import Said, transcribed
from voice_server.recordings.audio_file import AudioFileError
from voice_server.recordings.result_file import result, target
from voice_server.recordings.subtitles import Format, Passage
from voice_server.recordings.web_recording import at_hand


async def transcribe_at(
    server: str,
    paths: Sequence[str],
    *,
    key: str | None,
    trust: str | None,
    language: str | None,
    format: Format,
    output: Path | None,
) -> None:
    """`transcribe_files` with a server's recogniser. Raises `CallError` and `AudioFileError`."""
    if len(paths) > 1 and output is None:
        raise AudioFileError("Several files need a folder for the results: add -o FOLDER.")
    for path in paths:
        file = target(path, format, output, alone=len(paths) == 1)
        async with at_hand(path) as local:
            stretches = transcribed(local, server, key=key, trust=trust, language=language)
            async with aclosing(stretches):
                with result(format, file) as take:
                    async for said in stretches:
                        take(passage(said))


def passage(said: Said) -> Passage:
    """Times since the recording began: the first word starts where the server heard a voice."""
    final = said.final
    shift_ms = said.start_ms - (final.words[0].start_ms if final.words else 0)
    words = tuple(
        Word(word.w, word.start_ms + shift_ms, word.end_ms + shift_ms, word.p)
        for word in final.words
    )
    end_ms = words[-1].end_ms if words else max(said.start_ms, said.end_ms)
    return Passage(said.start_ms, end_ms, final.text, words, final.lang, final.confidence)
