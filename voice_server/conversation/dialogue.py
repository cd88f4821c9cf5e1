"""Listening and speaking joined: what a turn means for the reply, and words for the next one.

The `Listener` says what the user does, the `Speaker` does what the assistant says. This is where
the one leads to the other: a turn that has probably ended begins a reply that is held; a turn that
has ended releases it; voice over a reply pauses it, and the words decide what becomes of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from models.asr import Transcript
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.conversation.barge_in import Verdict, judge
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.ear import HeardFrame
from voice_server.conversation.end_of_turn import EndOfTurn
from voice_server.conversation.half_duplex import HalfDuplex
from voice_server.conversation.listener import Listener, Standing
from voice_server.conversation.lull import Lull
from voice_server.conversation.speaker import Speaker
from voice_server.conversation.timeline import Stage, Timeline
from voice_server.conversation.turn_actions import (
    EndCause,
    EndExpected,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    ReplyWorthBeginning,
    SpeechResumed,
    TurnAction,
    TurnEnded,
    UtteranceBegan,
    UtteranceDropped,
)
from voice_server.conversation.turns import Floor, Turns
from voice_server.conversation.wake import WakeGate, after_phrase
from voice_server.metrics import Metrics


@dataclass(slots=True)
class _Turn:
    """What is known about one user turn until it is answered."""

    timeline: Timeline = field(default_factory=Timeline)
    cause: EndCause | None = None
    """How it ended."""
    revision: int = 0
    """Of the partials shown."""
    speculations: int = 0
    foreseen: str = field(default="", repr=False)
    """All its words, if nothing more is said."""
    wanted: bool = True
    """False: the client does not want an answer."""
    addressed: bool = True
    """False: it needs a wake phrase, and none was heard so far."""


class Dialogue:
    """The policy of one conversation. Everything it decides is emitted or done at once."""

    def __init__(
        self,
        *,
        remembers: bool,
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
        self.answers = remembers
        """Whether turns are answered without being asked."""
        self._remembers = remembers
        self._turns = turns
        self._listener = listener
        self._speaker = speaker
        self._end_of_turn = end_of_turn
        self._metrics = metrics
        self._emit = emit
        self._clock = clock
        self._lull = Lull()
        self._gate = WakeGate()
        self._half_duplex = HalfDuplex(speaker.may_echo)
        self._open: dict[int, _Turn] = {}
        self._owed: ReplyCall | None = None

    def begin(self, *, awake: bool) -> None:
        """Go on with a conversation; `awake`: its wake phrase was said."""
        if awake:
            self._gate.wake(self._turns.settings)

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
        self._pass_gate_time()

    def ignores_microphone(self) -> bool:
        """Whether a reply sounds that the microphone would take for the user."""
        now = self._clock()
        reply = self._speaker.sounding(now)
        return self._half_duplex.ignores(
            sounds=reply is not None and reply.playout.sent > 0,
            speaks=self._turns.in_utterance,
            now=now,
            settings=self._turns.settings,
        )

    def act(self, actions: Iterable[TurnAction]) -> None:
        """Do what the turn machine says."""
        for action in actions:
            match action:
                case UtteranceBegan(turn, at_ms):
                    self._begin(turn, at_ms)
                case EndExpected(turn) | SpeechResumed(turn):
                    self._speaker.forget_foreseen()
                    self._open[turn].timeline = Timeline()
                case ReplyWorthBeginning(turn, revision):
                    self._begin_early(turn, revision)
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

    @property
    def expects_words(self) -> bool:
        """Whether the user speaks, or has spoken and is not understood yet."""
        return self._turns.in_utterance or self._listener.deciding

    def owe(self, call: ReplyCall) -> bool:
        """Answer when the turn that has just ended is understood; False if there is none."""
        if not self._listener.deciding:
            return False
        self._owed = call
        return True

    def cancel(self) -> None:
        """The client wants no answer to what was said so far."""
        self._owed = None
        self._speaker.forget_foreseen()
        for turn in self._open.values():
            turn.wanted = False

    def _begin(self, turn: int, at_ms: int) -> None:
        addressed = not self._remembers or self._gate.passes(self._turns.settings)
        self._open[turn] = _Turn(addressed=addressed)
        if self.answers and addressed:
            self._speaker.warm_up()
        during_reply = self._speaker.current is not None
        self._emit(ev.SpeechStarted(turn, self._microphone_ms(at_ms), during_reply))

    def _end(self, ended: TurnEnded) -> None:
        turn = self._open[ended.turn]
        turn.cause = ended.cause
        turn.addressed |= ended.cause == "commit"
        turn.timeline.mark(Stage.SPEECH_END, self.heard_at)
        turn.timeline.mark(Stage.TURN_END, self._clock())
        heard_ms = self._microphone_ms(self._turns.now_ms)
        self._emit(ev.SpeechStopped(ended.turn, self._microphone_ms(ended.at_ms), heard_ms))

    def _drop(self, turn: int) -> None:
        del self._open[turn]
        self._metrics.turns.labels("dropped").inc()
        self._speaker.forget_foreseen()
        self._emit(ev.SpeechStopped(turn, self._microphone_ms(self._turns.now_ms)))
        self._emit_final(turn, Transcript(language=self.language))
        self._answer_owed()

    def _microphone_ms(self, heard_ms: int) -> int:
        """Audio time of the turn machine as time of the client's microphone."""
        return max(0, round(heard_ms + self._listener.ear.offset_ms))

    # What the user says ----------------------------------------------------------------------

    def take_partial(self, event: ev.TranscriptChanged) -> None:
        """Words while they are spoken."""
        said = event.transcript
        if not self._listener.is_current(event.turn) or not said.text:
            return
        self._contest(event.turn, said, final=False)
        turn = self._open.get(event.turn)
        if turn is None:
            return  # the words have just shown that it was nothing
        if after_phrase(said.committed, self._turns.settings.wake_phrases) is not None:
            self._wake(turn)
        if self._meant(turn, said.text) is None and not self._turns.settings.wake_captions:
            return
        turn.revision += 1
        self._emit(
            ev.PartialTranscript(
                event.turn, turn.revision, said.committed, said.volatile, said.language
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
                self._conclude(event)

    def _contest(self, turn: int, said: Transcript, *, final: bool) -> None:
        """Over a reply, the words decide whose floor it is."""
        if self._turns.floor is Floor.CONTESTED:
            now = self._clock()
            verdict = judge(
                said.text,
                said.language,
                self._speaker.saying(now),
                echoes=self._speaker.may_echo,
                whole=final,
            )
            if verdict is Verdict.ECHO:
                self._metrics.echoes.inc()
            if verdict is Verdict.BACKCHANNEL and self._speaker.invites_answer(now):
                verdict = Verdict.WORDS
            self.act(self._listener.hear_words(turn, verdict, final))

    def _foresee(self, event: ev.TranscriptFinished, said: Transcript) -> None:
        """The turn has probably ended: how sure is it, and what would the answer be?"""
        number = event.turn
        self._contest(number, said, final=True)
        if not self._listener.is_current(number):
            return
        turn, settings = self._open[number], self._turns.settings
        turn.timeline.mark(Stage.FINAL_TEXT, self._clock())
        silence_ms = self._end_of_turn.silence_ms(self._listener.pause(event), settings)
        turn.foreseen = self._meant(turn, said.text) or ""
        self.act(self._turns.require_silence(number, event.revision, silence_ms))

    def _begin_early(self, number: int, revision: int) -> None:
        """Begin the answer to what has been said, and hold it."""
        turn = self._open[number]
        if not self._may_speculate(turn):
            return
        turn.speculations += 1
        call = ReplyCall("vad", number, timeline=turn.timeline, foreseen=turn.foreseen)
        if self._speaker.foresee(call):
            self._turns.await_reply(number, revision)

    def _may_speculate(self, turn: _Turn) -> bool:
        settings = self._turns.settings
        if not (self.answers and turn.foreseen and settings.speculate and settings.mode == "vad"):
            return False
        if self._turns.voice_ms < settings.speech_ms_min:
            return False
        return turn.wanted and turn.speculations < settings.speculations_max

    def _conclude(self, event: ev.TranscriptFinished) -> None:
        turn = self._open.pop(event.turn)
        turn.timeline.mark(Stage.FINAL_TEXT, self._clock())
        said = event.transcript
        if said is None:
            self._metrics.turns.labels("failed").inc()
            self._emit(ev.ErrorRaised(ErrorCode.ASR_FAILED, event.error))
            said = Transcript(language=self.language, confidence=0.0)
        asked = self._owed is not None and self._owed.cause == "request"
        turn.addressed |= asked
        question = self._question(turn, said.text)
        if event.transcript is not None:
            outcome = "ignored" if question is None else "heard" if said.text else "empty"
            self._metrics.turns.labels(outcome).inc()
        if question is None and not self._turns.settings.wake_captions:
            said = Transcript(language=said.language)
        self._emit_final(event.turn, said)
        if self._remembers and question is not None:
            self._speaker.user_said(question, self._clock(), event.turn)
        if asked or (question and self.answers):
            self._owe(event.turn, turn)
        self._answer_owed()

    # Whether it is for the assistant ---------------------------------------------------------

    def _meant(self, turn: _Turn, text: str) -> str | None:
        """What these words ask the assistant, without the wake phrase; None: they do not."""
        question = after_phrase(text, self._turns.settings.wake_phrases)
        if question is not None and self._remembers:
            return question
        return text if turn.addressed else None

    def _question(self, turn: _Turn, text: str) -> str | None:
        """The same of a whole turn, which opens the conversation if it has the phrase."""
        question = self._meant(turn, text)
        if question is not None and text and self._turns.settings.wake_phrases:
            self._wake(turn)
        return question

    def _wake(self, turn: _Turn) -> None:
        """Somebody talks with the assistant."""
        turn.addressed = True
        settings = self._turns.settings
        if self._remembers and self._gate.wake(settings):
            self._emit(ev.Noticed("awake", in_s=round(settings.wake_open_ms / 1000)))

    def _pass_gate_time(self) -> None:
        if not self._gate.open:
            return
        shut = self._gate.frame(
            asked=any(turn.addressed for turn in self._open.values()),
            answered=self._speaker.busy or self._speaker.calls.waiting,
            settings=self._turns.settings,
        )
        if shut:
            self._emit(ev.Noticed("asleep"))

    def _owe(self, number: int, turn: _Turn) -> None:
        if self._owed and self._owed.cause == "request":
            self._owed = replace(self._owed, turn=number, timeline=turn.timeline)
            return
        manual = self._turns.settings.mode == "manual"
        if not turn.wanted or (manual and turn.cause == "length"):
            return
        cause: ev.ReplyCause = "commit" if turn.cause == "commit" else "vad"
        self._owed = ReplyCall(cause, number, timeline=turn.timeline)

    def _answer_owed(self) -> None:
        """Answer, unless the user goes on already: then the whole is answered at its end.

        In manual mode an open utterance says nothing: it may be silence.
        """
        goes_on = self._turns.in_utterance and self._turns.settings.mode == "vad"
        if goes_on:
            return
        calls = self._speaker.calls
        call, self._owed = self._owed or calls.postponed, None
        if call:
            calls.postponed = None
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
