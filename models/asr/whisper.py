"""Whisper behind the recogniser Protocol: one model, short windows, many conversations.

An utterance keeps the audio whose words are not settled yet. A partial decodes the newest part of
that window and commits what two partials agree on; audio of committed words is left out of the next
partial, and later leaves the window, at the quietest place: a partial costs the same in the first
second and in the last. A final is one more decode of the whole window, or none: when only silence
came since a decode of all of it, that one holds.
"""

import itertools
import logging
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from audio import FRAME_MS, SAMPLE_RATE, Samples
from models.asr import RecognitionError, RecognitionOptions, Superseded, Transcript, Word
from models.asr.agreement import Agreement
from models.asr.decoding import Decoding, Stamp, Task
from models.asr.speech_window import SpeechWindow, quietest, trailing_quiet_ms
from models.asr.transcripts import transcript
from models.asr.whisper_crew import WhisperCrew
from models.asr.whisper_window import is_doubtful
from models.load import Load
from models.scheduler import Closed, Expired, Overloaded, Poisonous, Priority, Scheduler

logger = logging.getLogger(__name__)

UNDECODED_MS_MAX = 600_000
"""How much audio may wait in one utterance: ten minutes, 19 MB."""

_NUMBERS = itertools.count(secrets.randbits(48))
"""Of utterances. Workers remember features by them, and may serve several processes like this."""
_SETTLED_QUIET_MS = 200
_CUT_AROUND_MS = 150
_WINDOW_MS_MIN = 1_500
_SHOWN_MS_MIN = 1_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a decode may wait for a worker, in seconds."""

    partial_s: float = 2.0
    final_s: float = 20.0


class WhisperRecognizer:
    """A Whisper model shared by all conversations; `whisper_loader.load_recognizer` makes one.

    `beam_size` is that of finals, partials are greedy; `translates` says whether the model was
    trained to. The crew is closed with the recogniser, the scheduler is not.
    """

    def __init__(
        self,
        crew: WhisperCrew,
        scheduler: Scheduler,
        *,
        name: str,
        beam_size: int = 1,
        patience: Patience | None = None,
        translates: bool = True,
    ) -> None:
        self.policy = crew.policy
        self.beam_size = beam_size
        self.doubts: Counter[str] = Counter()
        """How many decodes were not believed, by reason; see `guards.Doubt`."""
        self._languages = crew.languages
        self._translates = translates and len(crew.languages) > 1
        self._crew = crew
        self._scheduler = scheduler
        self._name = name
        self._patience = patience or Patience()
        self._closed = False

    @property
    def name(self) -> str:
        """As given to `load`."""
        return self._name

    @property
    def languages(self) -> frozenset[str]:
        """See `Recognizer.languages`."""
        return self._languages

    @property
    def translates(self) -> bool:
        """Multilingual models do, except those that were trained without."""
        return self._translates

    @property
    def workload(self) -> Load:
        """How busy the workers are. See `Recognizer.workload`."""
        return self._scheduler.load()

    def utterance(self, options: RecognitionOptions) -> "WhisperUtterance":
        """Begin an utterance. See `Recognizer.utterance`."""
        return WhisperUtterance(self, options, next(_NUMBERS))

    async def close(self) -> None:
        """Release the model, when the decodes that still run have ended."""
        self._closed = True
        await self._crew.close()

    async def decode(self, priority: Priority, key: object, task: Task) -> Decoding:
        """Decode in a worker. Raises `RecognitionError`, and `Superseded` for partials."""
        if self._closed:
            raise RecognitionError("The recogniser was closed.")
        final = priority is Priority.FINAL
        deadline_s = self._patience.final_s if final else self._patience.partial_s
        try:
            decoding = await self._scheduler.submit(
                self._crew, task, priority=priority, key=key, deadline_s=deadline_s
            )
        except (Expired, Overloaded, Closed, Poisonous) as error:
            raise RecognitionError(str(error)) from error
        if decoding.stamp != task.stamp:
            logger.error("a worker answered %s with %s", task.stamp, decoding.stamp)
            raise RecognitionError("The recogniser mixed up two utterances; this one is dropped.")
        if decoding.doubt:
            self.doubts[decoding.doubt] += 1
        return decoding

    def drop(self, key: object) -> None:
        """Take the queued work of one utterance out of the queue."""
        self._scheduler.drop(key)


@dataclass(frozen=True, slots=True)
class _Heard:
    """The newest decode of the window, and which one it was."""

    decoding: Decoding
    task: Task
    end_ms: int


class WhisperUtterance:
    """One stretch of speech. `window_ms` is what the newest decode showed the encoder."""

    def __init__(
        self, recognizer: WhisperRecognizer, options: RecognitionOptions, number: int
    ) -> None:
        self.window_ms = 0
        self._number = number
        self._revisions = itertools.count(1)
        self._recognizer = recognizer
        self._policy = recognizer.policy
        self._options = options
        self._window = SpeechWindow()
        self._agreement = Agreement()
        self._heard: _Heard | None = None
        self._shown_ms = 0
        """Where partials begin to look."""
        self._closed = False
        self._too_long = False

    def feed(self, samples: Samples) -> None:
        """Append 16 kHz audio. See `Utterance.feed`."""
        if self._window.end_ms - self._window.start_ms > UNDECODED_MS_MAX:
            self._too_long = True
        elif not self._closed:
            self._window.append(samples)

    async def partial(self) -> Transcript:
        """Transcribe so far. See `Utterance.partial`."""
        self._check()
        await self._settle_pieces(Priority.PARTIAL)
        heard = await self._hear(Priority.PARTIAL)
        self._check()
        if self._heard is not None and self._heard.end_ms > heard.end_ms:
            raise Superseded
        self._heard = heard
        committed, volatile = self._agreement.update(heard.decoding.words, heard.end_ms)
        self._trim()
        self._narrow()
        return _transcript(committed, volatile, heard)

    async def final(self) -> Transcript:
        """Transcribe everything. See `Utterance.final`."""
        self._check()
        await self._settle_pieces(Priority.FINAL)
        heard = await self._hear(Priority.FINAL)
        self._check()
        self._heard = heard
        return _transcript(self._agreement.finish(heard.decoding.words), (), heard)

    def close(self) -> None:
        """Drop audio and queued work. See `Utterance.close`."""
        self._closed = True
        self._window.clear()
        self._recognizer.drop(self)

    def _check(self) -> None:
        if self._closed:
            raise RecognitionError("The utterance was closed.")
        if self._too_long:
            minutes = UNDECODED_MS_MAX // 60_000
            raise RecognitionError(f"More than {minutes} minutes of speech without a pause.")

    async def _hear(self, priority: Priority) -> _Heard:
        """Decode the window, or take the newest decode where it still holds."""
        task = self._task(priority, self._window.samples())
        if priority is Priority.PARTIAL:
            task = _without(task, self._shown_ms)
        end_ms = self._window.end_ms
        known = self._heard
        if known is not None and _holds(known, task, end_ms):
            return replace(known, end_ms=end_ms)
        return _Heard(await self._decode(priority, task), task, end_ms)

    async def _settle_pieces(self, priority: Priority) -> None:
        """Decode what is longer than a window piece by piece, each cut where it is quietest."""
        longest_ms = self._policy.audio_ms_max
        while self._window.end_ms - (start_ms := self._window.start_ms) > longest_ms:
            samples = self._window.samples()
            cut_ms = _whole_frames(quietest(samples, longest_ms // 2, longest_ms)[0])
            piece = self._task(priority, samples[: cut_ms * SAMPLE_RATE // 1000])
            decoding = await self._decode(priority, piece)
            if self._window.start_ms == start_ms and not self._closed:
                self._agreement.settle(decoding.words)
                self._window.drop_until(start_ms + cut_ms)
            self._check()

    def _trim(self) -> None:
        """Let the audio of committed words go, at the quietest end of a word."""
        start_ms = self._window.start_ms
        if self._window.end_ms - start_ms <= self._policy.trim_ms:
            return
        if cut_ms := self._between_words(start_ms + _WINDOW_MS_MIN):
            self._agreement.release(cut_ms)
            self._window.drop_until(cut_ms)

    def _narrow(self) -> None:
        """Partials look no longer at what is settled, although the final will once more."""
        shown_ms = max(self._shown_ms, self._window.start_ms)
        if self._window.end_ms - shown_ms > self._policy.partial_ms:
            self._shown_ms = self._between_words(shown_ms + _SHOWN_MS_MIN) or shown_ms

    def _between_words(self, from_ms: int) -> int | None:
        """The quietest end of a committed word from there on; None where there is none."""
        start_ms, samples = self._window.start_ms, self._window.samples()
        cuts = [
            quietest(samples, end_ms - _CUT_AROUND_MS, end_ms + _CUT_AROUND_MS)
            for end_ms in (word.end_ms - start_ms for word in self._agreement.committed)
            if end_ms > from_ms - start_ms
        ]
        return start_ms + _whole_frames(min(cuts, key=lambda c: c[1])[0]) if cuts else None

    def _task(self, priority: Priority, samples: Samples) -> Task:
        final = priority is Priority.FINAL
        options = self._options
        if options.language is None and self._heard and self._agreement.committed:
            # A language is detected afresh until words stand in it.
            options = replace(options, language=self._heard.decoding.language)
        return Task(
            samples=samples,
            start_ms=self._window.start_ms,
            options=options,
            beam_size=self._recognizer.beam_size if final else 1,
            second_try=final,
            stamp=Stamp(options.session, self._number, next(self._revisions)),
        )

    async def _decode(self, priority: Priority, task: Task) -> Decoding:
        decoding = await self._recognizer.decode(priority, self, task)
        self.window_ms = decoding.window_ms
        return decoding


def _whole_frames(ms: int) -> int:
    """The window moves by whole frames, so that features keep their places."""
    return ms // FRAME_MS * FRAME_MS


def _without(task: Task, until_ms: int) -> Task:
    """The same without the audio before `until_ms`."""
    left = max(0, until_ms - task.start_ms) * SAMPLE_RATE // 1000
    return replace(task, samples=task.samples[left:], start_ms=max(task.start_ms, until_ms))


def _holds(known: _Heard, task: Task, end_ms: int) -> bool:
    """Return True where decoding again would say the same: nothing audible was added."""
    before, decoding = known.task, known.decoding
    if before.start_ms != task.start_ms or before.beam_size < task.beam_size:
        return False
    doubtful = is_doubtful(decoding.words, decoding.log_probability)
    if task.second_try and not before.second_try and doubtful:
        return False
    added_ms = end_ms - before.start_ms - before.audio_ms
    # The quiet has to begin inside what was decoded, or the last word may have been cut off.
    return added_ms == 0 or trailing_quiet_ms(task.samples) >= added_ms + _SETTLED_QUIET_MS


def _transcript(committed: Sequence[Word], volatile: Sequence[Word], heard: _Heard) -> Transcript:
    language = heard.decoding.language
    return transcript(committed, volatile, language=language, end_ms=heard.end_ms)
