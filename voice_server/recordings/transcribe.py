"""Recordings to text: read in blocks, cut at silences, several stretches recognised at a time.

Reading and voice detection run in a thread, one stretch ahead of the recogniser, so memory holds a
few stretches, however long the recording is.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from audio import SAMPLE_RATE
from audio.framing import Framer
from audio.silero import SileroModel
from audio.vad import VoiceDetector
from models.asr import RecognitionOptions, Recognizer, Transcript
from voice_server.recordings.audio_file import Recording
from voice_server.recordings.passages import Cutter, Stretch
from voice_server.recordings.subtitles import Passage
from voice_server.settings import Settings

Progress = Callable[[int], None]
"""Is told how many milliseconds of the recording are done."""


async def transcribe(
    recording: Recording,
    recognizer: Recognizer,
    settings: Settings,
    progress: Progress,
    options: RecognitionOptions | None = None,
    *,
    ahead: int | None = None,
) -> AsyncGenerator[Passage, None]:
    """Yield what is said, passage by passage, in order. Open it with `contextlib.aclosing`.

    `ahead` is how many stretches wait for the recogniser while one is yielded; None is as many as
    there are workers. A passage may turn out to be without words. Raises `AudioFileError` and
    `RecognitionError`.
    """
    options = options or RecognitionOptions(language=settings.asr.language)
    ahead = settings.asr.workers if ahead is None else ahead
    stopped = threading.Event()
    loop, stretches = asyncio.get_running_loop(), _stretches(recording, settings, stopped)
    pending: deque[asyncio.Task[Passage]] = deque()

    async def oldest() -> Passage:
        passage = await pending.popleft()
        progress(passage.end_ms)
        return passage

    # The thread is waited for at the end: nobody may close a file that is being read.
    with ThreadPoolExecutor(1, thread_name_prefix="reading") as thread:
        try:
            while stretch := await loop.run_in_executor(thread, next, stretches, None):
                pending.append(asyncio.create_task(_recognise(stretch, recognizer, options)))
                if len(pending) > ahead:
                    yield await oldest()
            while pending:
                yield await oldest()
        finally:
            stopped.set()
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)


def _stretches(
    recording: Recording, settings: Settings, stopped: threading.Event
) -> Iterator[Stretch]:
    """Cut a recording where nobody speaks. Blocks: to be iterated in a thread.

    When `stopped` is set it ends with the block, because somebody waits for the thread.
    """
    framer, cutter = Framer(), Cutter(settings.turn)
    detector = VoiceDetector(SileroModel())
    for block in recording.blocks:
        if stopped.is_set():
            return
        for frame in framer.feed(block):
            if stretch := cutter.feed(frame, detector.feed(frame)):
                yield stretch
    if stretch := cutter.flush():
        yield stretch


async def _recognise(
    stretch: Stretch, recognizer: Recognizer, options: RecognitionOptions
) -> Passage:
    utterance = recognizer.utterance(options)
    try:
        utterance.feed(stretch.samples)
        return _passage(await utterance.final(), stretch)
    finally:
        utterance.close()


def _passage(transcript: Transcript, stretch: Stretch) -> Passage:
    """Times since the recording began, instead of since the stretch did."""
    words = tuple(
        replace(
            word,
            start_ms=word.start_ms + stretch.start_ms,
            end_ms=word.end_ms + stretch.start_ms,
        )
        for word in transcript.words
    )
    end_ms = stretch.start_ms + len(stretch.samples) * 1000 // SAMPLE_RATE
    return Passage(
        words[0].start_ms if words else stretch.start_ms,
        words[-1].end_ms if words else end_ms,
        transcript.text,
        words,
        transcript.language,
        transcript.confidence,
    )
