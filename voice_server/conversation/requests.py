"""What a client asks of the assistant besides listening: to speak, to remember, to be told.

Each request is obeyed at once or refused with `RequestError`, whose message says what to do. The
session tells the client either way.
"""

from dataclasses import replace

from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.conversation import session_config
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.dialogue import Dialogue
from voice_server.conversation.history import ItemError
from voice_server.conversation.house import House
from voice_server.conversation.session_config import ConfigError
from voice_server.conversation.speaker import Speaker
from voice_server.conversation.tool_calls import ToolError

Request = (
    ev.TextReceived
    | ev.ReplyRequested
    | ev.ReplyCancelled
    | ev.ReplyClipped
    | ev.SayRequested
    | ev.ItemInserted
    | ev.ItemDeleted
    | ev.ItemsWanted
    | ev.ToolReturned
)


class RequestError(ValueError):
    """A request that cannot be obeyed."""

    def __init__(self, message: str, code: ErrorCode = ErrorCode.BAD_REQUEST) -> None:
        super().__init__(message)
        self.code = code


class Requests:
    """Obeys one session's client."""

    def __init__(self, mode: ev.Mode, speaker: Speaker, dialogue: Dialogue, house: House) -> None:
        self._mode = mode
        self._speaker = speaker
        self._dialogue = dialogue
        self._memory = speaker.memory
        self._voices = house.engines.synthesizer.voices
        self._tools = house.settings.tools

    def obey(self, request: Request, now: float) -> None:
        """Do it. Raises `RequestError`."""
        try:
            self._obey(request, now)
        except (ItemError, ToolError, ConfigError) as error:
            raise RequestError(str(error)) from None

    def _obey(self, request: Request, now: float) -> None:
        match request:
            case ev.TextReceived(text, respond):
                self._read(text, respond, now)
            case ev.ReplyRequested():
                self._reply(request, now)
            case ev.ReplyCancelled(reply):
                if not self._speaker.cancel(reply, now) and reply is None:
                    self._dialogue.cancel()
            case ev.ReplyClipped(reply):
                if not self._speaker.clipped(request, now):
                    raise RequestError(f"there is no reply {reply} of which that could be said")
            case ev.SayRequested(text, voice, interruptible):
                asked = ev.ReplyRequested(voice=self._voice(voice))
                call = ReplyCall("say", text=text, request=asked, interruptible=interruptible)
                self._call(call, now)
            case ev.ItemInserted(item, after):
                self._memory.insert(item, after)
            case ev.ItemDeleted(item):
                self._memory.delete(item)
            case ev.ItemsWanted(item):
                self._memory.show(item)
            case ev.ToolReturned():
                self.go_on(self._speaker.calls.returned(request), now)

    def go_on(self, call: ReplyCall | None, now: float) -> None:
        """All tools have answered: speak, unless the user does, who is answered then."""
        if call and self._dialogue.expects_words:
            self._speaker.calls.postponed = call
        elif call:
            self._speaker.call(call, now)

    def _read(self, text: str, respond: bool, now: float) -> None:
        if respond:
            self._speaker.give_way(now)
        self._speaker.user_said(text, now)
        if respond:
            self._call(ReplyCall("text"), now)

    def _reply(self, asked: ev.ReplyRequested, now: float) -> None:
        session_config.check_tools(asked.tools or (), self._tools)
        asked = replace(asked, voice=self._voice(asked.voice))
        items = None if asked.input is None else tuple(self._item(one) for one in asked.input)
        call = ReplyCall("request", request=asked, items=items)
        self._check(call)
        if asked.aside and asked.speaks is False and self._speaker.asides.full:
            message = "too many replies beside the conversation are being made; wait for one"
            raise RequestError(message, ErrorCode.RATE_LIMITED)
        if not asked.aside:
            self._speaker.calls.postponed = None  # this reply reads the answers, too
        if asked.aside or not self._dialogue.owe(call):
            self._speaker.call(call, now)

    def _item(self, given: ev.Item | str) -> ev.Item:
        return self._memory.item(given) if isinstance(given, str) else given

    def _voice(self, voice: str | None) -> str | None:
        if voice is not None:
            session_config.check_voice(voice, self._voices)
        return voice

    def _call(self, call: ReplyCall, now: float) -> None:
        self._check(call)
        self._speaker.call(call, now)

    def _check(self, call: ReplyCall) -> None:
        if self._mode == "transcription":
            message = "this session transcribes and never answers; open one in another mode"
            raise RequestError(message)
        if self._mode == "tts" and call.text is None:
            message = "this session speaks what it is told; send say, or open a conversation"
            raise RequestError(message)
        if call.cause == "say" and self._speaker.full:
            message = "too many replies are waiting already; wait for response.done"
            raise RequestError(message, ErrorCode.RATE_LIMITED)
