"""The listening half of a conversation: frames to turns, and turns to words.

Owns the ear, the turn machine and the utterances. Audio of an open utterance goes to the
recogniser; partials are asked for at a cadence counted in audio time, which follows the load of the
recogniser, the final as soon as the turn has probably ended. Results come back through the inbox
with the number of their turn and revision; what belongs to a void revision is dropped here, by
comparison.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np

from audio import FRAME_MS, Samples
from audio.pitch import Melody
from audio.prosody import VoiceFall
from models.asr import (
    RecognitionError,
    RecognitionOptions,
    Recognizer,
    Superseded,
    Transcript,
    Utterance,
)
from models.turn_model import WINDOW_S, TurnModel
from voice_server.conversation.barge_in import Verdict
from voice_server.conversation.ear import Ear, HeardFrame
from voice_server.conversation.end_of_turn import Pause, PauseHabit
from voice_server.conversation.turn_actions import (
    EndExpected,
    SpeechResumed,
    TurnAction,
    TurnEnded,
    UtteranceBegan,
    UtteranceDropped,
)
from voice_server.conversation.turns import Floor, Turns, User
from voice_server.events import InnerEvent, TranscriptChanged, TranscriptFinished
from voice_server.tasks import watched

CONTESTED_MS = 150
"""Partials come at least this often while words decide about a reply."""


class Standing(Enum):
    """What a finished transcript is worth."""

    VOID = auto()
    """The user went on, or took it back."""
    FORESEEN = auto()
    """It will be the final if nothing more is said."""
    FINAL = auto()


@dataclass(slots=True)
class _Decode:
    """The final decode of one turn."""

    utterance: Utterance
    revision: int
    task: asyncio.Task[None] | None = None
    result: TranscriptFinished | None = None
    ended: bool = False


class Listener:
    """One session's microphone, up to the words."""

    def __init__(
        self,
        ear: Ear,
        turns: Turns,
        recognizer: Recognizer,
        partial_interval_ms: int,
        *,
        turn_model: TurnModel | None,
        hears_itself: Callable[[Samples], bool],
        post: Callable[[InnerEvent], None],
    ) -> None:
        self.ear = ear
        self.turns = turns
        self.options = RecognitionOptions()
        """For the next utterance."""
        self._recognizer = recognizer
        self._interval_ms = partial_interval_ms
        self._turn_model = turn_model
        self._recent: deque[Samples] = deque(maxlen=WINDOW_S * 1000 // FRAME_MS)
        self._hears_itself = hears_itself
        self._post = post
        self._utterance: Utterance | None = None
        self._decodes: dict[int, _Decode] = {}
        self._fall = VoiceFall()
        self._melody = Melody()
        self._habit = PauseHabit()
        self._partial: asyncio.Task[None] | None = None
        self._partial_at_ms = 0
        self._usual_language: str | None = None

    @property
    def deciding(self) -> bool:
        """Whether a turn has ended whose words are not known yet."""
        return any(decode.ended for decode in self._decodes.values())

    def hear(self, data: bytes) -> Iterator[tuple[HeardFrame, list[TurnAction]]]:
        """Take in microphone bytes; each frame comes with what it means for the turn."""
        yield from self._frames(self.ear.hear(data))

    def miss(self, samples: int) -> Iterator[tuple[HeardFrame, list[TurnAction]]]:
        """Take in silence for samples that will not come."""
        yield from self._frames(self.ear.miss(samples))

    def stall(self, ms: int) -> Iterator[tuple[HeardFrame, list[TurnAction]]]:
        """Nothing comes although somebody was speaking: that is silence, too."""
        yield from self._frames(self.ear.stall(ms))

    def commit(self) -> list[TurnAction]:
        """End the turn now. Raises `TurnError`."""
        return self._done(self.turns.commit())

    def clear(self) -> list[TurnAction]:
        """Forget the open turn."""
        return self._done(self.turns.clear())

    def conclude(self, event: TranscriptFinished) -> Standing:
        """What these words are: of a turn that has ended, that may have ended, or void."""
        decode = self._decodes.get(event.turn)
        if decode is None or decode.revision != event.revision:
            return Standing.VOID
        decode.result = event
        if not decode.ended:
            return Standing.FORESEEN
        if any(turn < event.turn and older.ended for turn, older in self._decodes.items()):
            return Standing.VOID  # told again when the turns before it are
        if event.transcript and event.transcript.words:
            self._usual_language = event.transcript.language
        self._forget(event.turn)
        self._tell_next()
        return Standing.FINAL

    def hear_words(self, turn: int, verdict: Verdict, final: bool) -> list[TurnAction]:
        """What was said over a reply so far."""
        return self._done(self.turns.hear_words(turn, verdict, final))

    def pause(self, event: TranscriptFinished) -> Pause:
        """What is known about the silence after these words."""
        said = event.transcript or Transcript()
        return Pause(
            said.text,
            said.language,
            fall_db=self._fall.fall_db,
            melody_falls=self._melody.falls,
            habit_ms=self._habit.pause_ms,
            completeness=event.completeness,
        )

    def is_current(self, turn: int) -> bool:
        """Whether partials of this turn may still be shown."""
        return self.turns.in_utterance and self.turns.turn == turn

    def close(self) -> None:
        """Drop everything."""
        self._stop_partials()
        for turn in list(self._decodes):
            self._forget(turn)
        if self._utterance:
            self._utterance.close()
            self._utterance = None

    # Frames and what they mean ---------------------------------------------------------------

    def _frames(
        self, frames: Iterable[HeardFrame]
    ) -> Iterator[tuple[HeardFrame, list[TurnAction]]]:
        for heard in frames:
            if self._turn_model:
                self._recent.append(heard.samples)
            if self._utterance:
                self._utterance.feed(heard.samples)
            else:
                self.ear.pre_roll.push(heard.samples)
            if self._hears_itself(heard.samples):
                heard = HeardFrame(heard.samples, voice=False)  # noqa: PLW2901
            if heard.voice:
                self._fall.feed(heard.samples)
                self._melody.feed(heard.samples)
            actions = self._done(self.turns.frame(heard.voice))
            self._ask_for_partial()
            yield heard, actions

    def _done(self, actions: list[TurnAction]) -> list[TurnAction]:
        for action in actions:
            match action:
                case UtteranceBegan():
                    self._begin()
                case EndExpected(turn, revision):
                    self._decode(turn, revision)
                case SpeechResumed(turn, _, pause_ms):
                    self._habit.resumed(pause_ms)
                    self._forget(turn, close=False)
                case TurnEnded(turn, revision):
                    if not revision:
                        self._habit.ended()
                    self._end(turn, revision)
                case UtteranceDropped(turn):
                    self._drop(turn)
                case _:
                    pass
        return actions

    def _begin(self) -> None:
        options = replace(self.options, usual_language=self._usual_language)
        self._utterance = self._recognizer.utterance(options)
        self._utterance.feed(self.ear.pre_roll.drain())
        self._partial_at_ms = self.turns.now_ms
        self._fall.restart()
        self._melody.restart()

    def _end(self, turn: int, revision: int) -> None:
        if turn not in self._decodes:
            self._decode(turn, revision)
        decode = self._decodes[turn]
        decode.ended = True
        self._utterance = None
        self._stop_partials()
        if decode.result:
            self._post(decode.result)

    def _drop(self, turn: int) -> None:
        self._stop_partials()
        self._forget(turn, close=False)
        if self._utterance:
            self._utterance.close()
            self._utterance = None

    def _tell_next(self) -> None:
        """Turns are concluded in the order in which they ended, however long each decode takes."""
        ended = [turn for turn, decode in self._decodes.items() if decode.ended]
        if ended and (result := self._decodes[min(ended)].result):
            self._post(result)

    # Words -----------------------------------------------------------------------------------

    def _ask_for_partial(self) -> None:
        waited_ms = self.turns.now_ms - self._partial_at_ms
        if self._partial or self.turns.user is not User.SPEAKING or not self.turns.voice_ms:
            return
        contested = self.turns.floor is Floor.CONTESTED
        interval_ms = min(self._interval_ms, CONTESTED_MS) if contested else self._interval_ms
        if waited_ms < interval_ms * self._recognizer.workload.stretch:
            return
        assert self._utterance is not None
        self._partial_at_ms = self.turns.now_ms
        self._partial = watched(self._transcribe(self._utterance, self.turns.turn), lambda: None)
        self._partial.add_done_callback(self._partial_done)

    async def _transcribe(self, utterance: Utterance, turn: int) -> None:
        try:
            self._post(TranscriptChanged(turn, await utterance.partial()))
        except (Superseded, RecognitionError):
            return  # the next partial, or the final, will tell

    def _partial_done(self, task: asyncio.Task[None]) -> None:
        if self._partial is task:
            self._partial = None

    def _stop_partials(self) -> None:
        if self._partial:
            self._partial.cancel()
            self._partial = None

    def _decode(self, turn: int, revision: int) -> None:
        assert self._utterance is not None
        decode = _Decode(self._utterance, revision)
        self._decodes[turn] = decode
        self._stop_partials()
        crashed = TranscriptFinished(turn, revision, None, "The recogniser crashed.")
        decode.task = watched(
            self._finish(self._utterance, turn, revision), lambda: self._post(crashed)
        )

    async def _finish(self, utterance: Utterance, turn: int, revision: int) -> None:
        try:
            said, completeness = await asyncio.gather(utterance.final(), self._completeness())
        except RecognitionError as error:
            self._post(TranscriptFinished(turn, revision, None, str(error)))
        else:
            self._post(TranscriptFinished(turn, revision, said, completeness=completeness))

    async def _completeness(self) -> float | None:
        if self._turn_model is None or not self._recent:
            return None
        return await self._turn_model.completeness(np.concatenate(self._recent))

    def _forget(self, turn: int, close: bool = True) -> None:
        decode = self._decodes.pop(turn, None)
        if decode is None:
            return
        if decode.task:
            decode.task.cancel()
        if close:
            decode.utterance.close()
