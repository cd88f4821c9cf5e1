"""One conversation: everything that happens to it passes through one loop.

Inbox, decide, emit, act: the loop takes one event at a time, so there are no locks and no flags.
Events come from the client (through a link and a wire), from the engines, and from time passing.
Two halves do the work: the `Listener` turns microphone bytes into turns and words, the `Speaker`
turns words into paced speech. The session joins them and knows neither sockets nor bytes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from audio.vad import VoiceDetector, VoiceSettings
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.conversation import session_config
from voice_server.conversation.beginning import FRESH, Beginning
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.curfew import Curfew, Expiry
from voice_server.conversation.dialogue import Dialogue
from voice_server.conversation.ear import Ear
from voice_server.conversation.end_of_turn import RuleEndOfTurn
from voice_server.conversation.house import House
from voice_server.conversation.inbox import Inbox, InboxEvent
from voice_server.conversation.listener import Listener
from voice_server.conversation.microphone import Microphone
from voice_server.conversation.requests import Request, RequestError, Requests
from voice_server.conversation.session_config import ConfigError
from voice_server.conversation.speaker import Speaker
from voice_server.conversation.turns import Floor, TurnError, Turns, User


class Session:
    """One conversation, from `ready` to the end."""

    def __init__(
        self,
        id: str,
        options: ev.SessionOptions,
        house: House,
        emit: Callable[[ev.ServerEvent], None],
        beginning: Beginning = FRESH,
    ) -> None:
        """`beginning`: what has happened elsewhere."""
        self.id = id
        self.options = options
        self.inbox = Inbox()
        """Where the link delivers what the client says."""
        self._house = house
        self._settings = house.settings
        self._emit = emit
        self._clock = asyncio.get_running_loop().time
        self._config = ev.SessionConfig()
        self._turns = Turns(self._settings.turn)
        self._speaker = self._new_speaker()
        self._listener = self._new_listener()
        self._dialogue = self._new_dialogue()
        self._microphone = self._new_microphone()
        self._requests = Requests(options.mode, self._speaker, self._dialogue, house)
        self._curfew = Curfew(self._settings.limits, self._clock(), beginning.age_s)
        self._beginning = beginning
        self._state = ev.ConversationState.LISTENING
        self._answering: str | None = None
        """Id of the message that is being obeyed, until it is refused."""
        self._leaving = False
        self._over = False

    async def run(self) -> None:
        """Hold the conversation until the client leaves or a limit ends it."""
        self._open()
        try:
            while not self._over:
                event = await self.inbox.take(self._next_due())
                if event is not None:
                    self._decide(event)
                self._pass_time(self._clock())
                if len(self.inbox):
                    await asyncio.sleep(0)  # a client that sends much does not keep others waiting
        finally:
            self.inbox.close()
            self._listener.close()
            self._speaker.close()

    # Opening ---------------------------------------------------------------------------------

    def _new_listener(self) -> Listener:
        detector = VoiceDetector(
            self._house.silero, VoiceSettings.for_rate(self.options.input.rate)
        )
        return Listener(
            Ear(self.options.input, detector, self._settings.turn.pre_roll_ms),
            self._turns,
            self._house.engines.recognizer,
            self._settings.asr.partial_interval_ms,
            turn_model=self._house.engines.turn_model,
            hears_itself=self._speaker.hears_itself,
            post=self.inbox.post,
        )

    def _new_speaker(self) -> Speaker:
        return Speaker(
            session=self.id,
            settings=self._settings,
            options=self.options,
            chat=self._house.engines.chat,
            synthesizer=self._house.engines.synthesizer,
            tools=self._house.tools,
            turns=self._turns,
            metrics=self._house.metrics,
            clock=self._clock,
            emit=self._emit,
            post=self.inbox.post,
        )

    def _new_dialogue(self) -> Dialogue:
        return Dialogue(
            remembers=self.options.mode == "conversation",
            turns=self._turns,
            listener=self._listener,
            speaker=self._speaker,
            end_of_turn=RuleEndOfTurn(),
            metrics=self._house.metrics,
            emit=self._emit,
            clock=self._clock,
        )

    def _new_microphone(self) -> Microphone:
        return Microphone(
            self._listener,
            self._dialogue,
            self._turns,
            used=self.options.mode != "tts",
            levels="levels" in self.options.features,
            credit_ms=int(self._settings.limits.audio_burst_s * 1000),
            emit=self._emit,
            clock=self._clock,
        )

    def _open(self) -> None:
        try:
            self._configure(self.options.config)
            refusal = ""
        except ConfigError as error:
            self._configure(ev.SessionConfig())
            refusal = str(error)
        self._emit(self._house.ready(self.id, self.options, self._effective_config()))
        if refusal:
            self._refuse(refusal)
        if self._beginning is not FRESH:
            self._go_on(self._beginning)
            return
        self._emit(ev.StateChanged(self._state))
        greeting = self.options.greeting or self._settings.llm.greeting
        if self.options.mode == "conversation" and greeting:
            self._speaker.call(ReplyCall("say", text=greeting), self._clock())

    def _go_on(self, beginning: Beginning) -> None:
        """Take up a conversation where another process has lost it."""
        self._turns.turn = beginning.turn
        self._microphone.begin(beginning)
        self._dialogue.begin(awake=beginning.awake)
        self._speaker.told = beginning.reply
        self._speaker.memory.begin(beginning.items, beginning.others)
        for end in beginning.ends:
            self._emit(end)
        self._emit(ev.StateChanged(self._state))
        self._speaker.calls.begin(beginning.calls)
        if beginning.answer:
            self._speaker.call(beginning.answer, self._clock())

    # The loop --------------------------------------------------------------------------------

    def _next_due(self) -> float | None:
        times = (
            self._speaker.next_due(self._clock()),
            self._curfew.next_due(),
            self._microphone.next_due(),
        )
        return min((time for time in times if time is not None), default=None)

    def _pass_time(self, now: float) -> None:
        """What happens because it is later: silence, playback, deadlines; then say what changed."""
        more_waits = self.inbox.held_back or len(self.inbox) > 0
        self._microphone.note_stall(now, more_waits=more_waits)
        self._note_reply(now)
        self._speaker.progress(now)
        self._keep_curfew(now)
        self._show_state()
        self._leave_when_idle()

    def _decide(self, event: InboxEvent) -> None:
        match event:
            case ev.TranscriptChanged():
                self._dialogue.take_partial(event)
            case ev.TranscriptFinished():
                self._dialogue.take_final(event)
            case ev.ToolFinished():
                call = self._speaker.calls.finished(event)
                self._requests.go_on(call, self._clock())
            case (
                ev.ReplyWritten()
                | ev.ReplyToolWritten()
                | ev.ReplyClauseCut()
                | ev.ReplyVoiced()
                | ev.ReplyTextEnded()
                | ev.ReplyVoiceEnded()
                | ev.ReplyStageFailed()
            ):
                self._speaker.take(event, self._clock())
            case ev.LineLost() | ev.LineBack():
                self._speaker.away = isinstance(event, ev.LineLost)
                self._microphone.await_line()
            case ev.ServerLeaving():
                self._leaving = True
            case _:
                self._curfew.active(self._clock())
                self._obey(event)

    def _leave_when_idle(self) -> None:
        """The server shuts down: let a turn and its reply end first, and what a tool will bring."""
        asked = self._dialogue.expects_words or self._speaker.calls.waiting
        if self._leaving and not asked and not self._speaker.busy:
            self._emit(ev.GoingAway("drain"))
            self._over = True

    def _note_reply(self, now: float) -> None:
        """Nobody is idle while a reply is made or played, nor at the moment when it ends.

        A reply that stands still waits for the user, whose client may have gone. One whose line is
        lost is somebody else's to await.
        """
        speaking = self._speaker.current and self._speaker.next_due(now) is not None
        if speaking or self._speaker.away:
            self._curfew.active(now)

    def _keep_curfew(self, now: float) -> None:
        match self._curfew.check(now):
            case ev.Noticed() as notice:
                self._emit(notice)
            case Expiry(code, message):
                self._house.metrics.limit_hits.labels(code.value).inc()
                self._emit(ev.ErrorRaised(code, message, fatal=True))
                self._over = True
            case None:
                pass

    def _show_state(self) -> None:
        state = self._present_state()
        if state is not self._state:
            self._state = state
            self._emit(ev.StateChanged(state))

    def _present_state(self) -> ev.ConversationState:
        if self._turns.floor is Floor.CONTESTED:
            return ev.ConversationState.PAUSED
        if self._turns.user is User.SPEAKING:
            return ev.ConversationState.HEARING
        if self._turns.user is User.PAUSING:
            return ev.ConversationState.ENDPOINTING
        if reply := self._speaker.current:
            speaking = reply.playout.sent > 0
            return ev.ConversationState.SPEAKING if speaking else ev.ConversationState.THINKING
        if self._listener.deciding or self._speaker.calls.waiting:
            return ev.ConversationState.THINKING
        return ev.ConversationState.LISTENING

    # What the client says --------------------------------------------------------------------

    def _obey(self, event: ev.ClientEvent) -> None:  # noqa: PLR0912 - one case per event
        if isinstance(event, Request):
            self._request(event)
            return
        match event:
            case ev.AudioReceived(data):
                self._microphone.receive(data)
            case ev.AudioMissed(samples, lost):
                self._microphone.miss(samples, lost=lost)
            case ev.AudioCommitted():
                self._end_turn(self._microphone.commit)
            case ev.AudioCleared():
                self._microphone.clear()
            case ev.MicrophoneMuted(muted):
                self._end_turn(lambda: self._microphone.mute(muted))
            case ev.PlaybackReported():
                self._speaker.reported(event, self._clock())
            case ev.FormatsChanged():
                self._reformat(event)
            case ev.DigitPressed():
                pass  # a sign of life; the wire has said what the key means
            case ev.ConfigChanged(config):
                self._change_config(config)
            case ev.MessageAcknowledged():
                self._emit(event)
            case ev.Pinged(t):
                self._emit(ev.Ponged(t, round(self._clock() * 1000, 1)))
            case ev.MessageRefused(code, message, id):
                self._refuse(message, code, id)
            case ev.SessionOpened():
                self._refuse("the session is open already; send config.update to change it")
            case ev.SessionEnded():
                self._over = True
            case ev.Identified(id, inner):
                self._answer_to(id, inner)
            case _:
                assert_never(event)

    def _answer_to(self, id: str, event: ev.ClientEvent) -> None:
        """Obey, and acknowledge unless it was refused."""
        self._answering = id
        self._obey(event)
        if self._answering is not None:
            self._answering = None
            self._emit(ev.MessageAcknowledged(id))

    def _refuse(
        self, message: str, code: ErrorCode = ErrorCode.BAD_REQUEST, id: str | None = None
    ) -> None:
        self._emit(ev.ErrorRaised(code, message, id=id or self._answering))
        self._answering = None

    def _end_turn(self, end: Callable[[], None]) -> None:
        try:
            end()
        except TurnError as error:
            self._refuse(str(error))

    def _request(self, request: Request) -> None:
        try:
            self._requests.obey(request, self._clock())
        except RequestError as error:
            self._refuse(str(error), error.code)

    def _reformat(self, change: ev.FormatsChanged) -> None:
        self.options = replace(
            self.options,
            input=change.input or self.options.input,
            output_codec=change.output_codec or self.options.output_codec,
            output_rate=change.output_rate or self.options.output_rate,
        )
        if change.input:
            self._microphone.reformat(change.input)
        self._speaker.reformat(self.options)
        now = self.options
        self._emit(ev.FormatsConfirmed(now.input, now.output_codec, now.output_rate))

    def _change_config(self, config: ev.SessionConfig) -> None:
        try:
            self._configure(config)
        except ConfigError as error:
            self._refuse(str(error))
        else:
            self._emit(ev.ConfigConfirmed(self._effective_config(), self._config))

    def _configure(self, change: ev.SessionConfig) -> None:
        """Take over a change, or raise `ConfigError` and leave everything as it was."""
        config = session_config.merged(self._config, change)
        turn = session_config.turn_settings(config, self._settings)
        session_config.check(config, self._house.engines.synthesizer.voices, self._settings.tools)
        self._config = config
        self._speaker.configure(config)
        self._dialogue.answers = self.options.mode == "conversation" and config.answers is not False
        self._turns.settings = turn
        self._listener.ear.keep(turn.pre_roll_ms)
        self._listener.options = session_config.recognition(config, self._settings.asr, self.id)

    def _effective_config(self) -> dict[str, object]:
        return session_config.effective(self._config, self._turns.settings, self._settings)
