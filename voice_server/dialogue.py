"""Listening and speaking joined: what a turn means for the reply, and words for the next one.

The `Listener` says what the user does, the `Speaker` does what the assistant says. This is where
the one leads to the other: a turn that has probably ended begins a reply that is held; a turn that
has ended releases it; voice over a reply pauses it, and the words decide what becomes of it.
"""

from collections.abc import Callable, Iterable
from typing import assert_never

from models.asr import Transcript
from voice_server import events as ev
from voice_server.barge_in import Verdict, judge
from voice_server.closes import ErrorCode
from voice_server.ear import HeardFrame
from voice_server.end_of_turn import EndOfTurn
from voice_server.listener import Listener, Standing
from voice_server.lull import Lull
from voice_server.metrics import Metrics
from voice_server.speaker import ReplyCall, Speaker
from voice_server.timeline import Stage, Timeline
from voice_server.turns import (
    EndExpected,
    Floor,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    SpeechResumed,
    TurnAction,
    TurnEnded,
    Turns,
    UtteranceBegan,
    UtteranceDropped,
)


class Dialogue:
    """The policy of one conversation. Everything it decides is emitted or done at once."""

    def __init__(
        self,
        *,
        answers: bool,
        turns: Turns,
        listener: Listener,
        speaker: Speaker,
        end_of_turn: EndOfTurn,
        metrics: Metrics,
        emit: Callable[[ev.ServerEvent], None],
        clock: Callable[[], float],
    ) -> None:
        self.heard_at = clock()
        """When the last voice arrived, by the clock."""
        self._answers = answers
        self._turns = turns
        self._listener = listener
        self._speaker = speaker
        self._end_of_turn = end_of_turn
        self._metrics = metrics
        self._emit = emit
        self._clock = clock
        self._lull = Lull()
        self._timeline = Timeline()
        self._revision = 0
        self._speculations = 0
        self._owed: ReplyCall | None = None

    # What the user does ----------------------------------------------------------------------

    def hear(self, heard: HeardFrame, actions: Iterable[TurnAction]) -> None:
        """One frame of microphone, and what it means for the turn."""
        if heard.voice:
            self.heard_at = self._clock()
        self.act(actions)
        busy = self._turns.in_utterance or self._turns.floor is not Floor.FREE
        if self._lull.frame(busy, self._turns.settings.user_idle_ms):
            detail = f"nobody has spoken for {self._lull.silence_ms} ms"
            self._emit(ev.Noticed("user_idle", detail=detail))

    def act(self, actions: Iterable[TurnAction]) -> None:
        """Do what the turn machine says."""
        for action in actions:
            match action:
                case UtteranceBegan(turn, at_ms):
                    self._begin(turn, at_ms)
                case EndExpected():
                    self._timeline = Timeline()
                case SpeechResumed():
                    self._speaker.forget_foreseen()
                case TurnEnded():
                    self._end(action)
                case UtteranceDropped(turn):
                    self._drop(turn)
                case ReplyPaused():
                    self._speaker.pause(self._clock())
                case ReplyResumed():
                    self._speaker.resume(self._clock())
                case ReplyInterrupted():
                    self._speaker.stop("interrupted", self._clock())
                case _:
                    assert_never(action)

    def _begin(self, turn: int, at_ms: int) -> None:
        self._revision = self._speculations = 0
        self._timeline = Timeline()
        during_reply = self._speaker.current is not None
        self._emit(ev.SpeechStarted(turn, at_ms, during_reply))

    def _end(self, ended: TurnEnded) -> None:
        self._timeline.mark(Stage.SPEECH_END, self.heard_at)
        self._timeline.mark(Stage.TURN_END, self._clock())
        self._emit(ev.SpeechStopped(ended.turn, ended.at_ms))

    def _drop(self, turn: int) -> None:
        self._metrics.turns.labels("dropped").inc()
        self._speaker.forget_foreseen()
        self._emit(ev.SpeechStopped(turn, self._turns.now_ms))
        self._emit_final(turn, Transcript(language=self.language))
        self._answer_owed()

    # What the user says ----------------------------------------------------------------------

    def take_partial(self, event: ev.TranscriptChanged) -> None:
        """Words while they are spoken."""
        said = event.transcript
        if not self._listener.is_current(event.turn) or not said.text:
            return
        self._contest(event.turn, said, final=False)
        self._revision += 1
        self._emit(
            ev.PartialTranscript(
                event.turn, self._revision, said.committed, said.volatile, said.language
            )
        )

    def take_final(self, event: ev.TranscriptFinished) -> None:
        """All the words of a turn that has ended, or probably has."""
        match self._listener.conclude(event):
            case Standing.VOID:
                pass
            case Standing.FORESEEN:
                if event.transcript is not None:
                    self._foresee(event, event.transcript)
            case Standing.FINAL:
                self._timeline.mark(Stage.FINAL_TEXT, self._clock())
                self._conclude(event)

    def _contest(self, turn: int, said: Transcript, *, final: bool) -> None:
        """Over a reply, the words decide whose floor it is."""
        if self._turns.floor is Floor.CONTESTED:
            verdict = judge(said.text, said.language, self._speaker.saying(self._clock()))
            if verdict is Verdict.ECHO:
                self._metrics.echoes.inc()
            self.act(self._listener.hear_words(turn, verdict, final))

    def _foresee(self, event: ev.TranscriptFinished, said: Transcript) -> None:
        """The turn has probably ended: how sure is it, and what would the answer be?"""
        turn, revision = event.turn, event.revision
        self._timeline.mark(Stage.FINAL_TEXT, self._clock())
        self._contest(turn, said, final=True)
        if not self._listener.is_current(turn):
            return
        settings = self._turns.settings
        pause = self._listener.pause(event)
        silence_ms = self._end_of_turn.silence_ms(pause, settings)
        self._turns.require_silence(turn, revision, silence_ms)
        if self._may_speculate(said):
            self._speculations += 1
            call = ReplyCall("vad", turn, timeline=self._timeline, said_to=said.text, early=True)
            self._speaker.foresee(call)

    def _may_speculate(self, said: Transcript) -> bool:
        settings = self._turns.settings
        if not (self._answers and said.text and settings.speculate and settings.mode == "vad"):
            return False
        enough = self._turns.voice_ms >= settings.speech_ms_min
        return enough and self._speculations < settings.speculations_max

    def _conclude(self, event: ev.TranscriptFinished) -> None:
        said = event.transcript
        if said is None:
            self._metrics.turns.labels("failed").inc()
            self._emit(ev.ErrorRaised(ErrorCode.ASR_FAILED, event.error))
            said = Transcript(language=self.language, confidence=0.0)
        else:
            self._metrics.turns.labels("heard" if said.text else "empty").inc()
        self._emit_final(event.turn, said)
        if said.text and self._answers:
            cause: ev.ReplyCause = "commit" if self._turns.settings.mode == "manual" else "vad"
            self._speaker.user_said(said.text, self._clock())
            self._owed = ReplyCall(cause, event.turn, timeline=self._timeline, said_to=said.text)
        self._answer_owed()

    def _answer_owed(self) -> None:
        """Answer, unless the user goes on already: then the whole is answered at its end.

        In manual mode an open utterance says nothing: it may be silence.
        """
        goes_on = self._turns.in_utterance and self._turns.settings.mode == "vad"
        if self._owed and not goes_on:
            call, self._owed = self._owed, None
            self._speaker.call(call, self._clock())

    def _emit_final(self, turn: int, said: Transcript) -> None:
        self._emit(
            ev.FinalTranscript(
                turn, said.text, said.language, said.confidence, said.words, said.duration_ms
            )
        )

    @property
    def language(self) -> str:
        """What is spoken, as far as anybody has said."""
        return self._listener.options.language or "en"
