"""Replies of the conversation as responses of this protocol: which one an event belongs to. Pure.

At most one is under way. Its end is told when all of it was sent, though the conversation goes on
until it was heard; what happens to it after that is told by other means, if at all.
"""

from typing import assert_never

from voice_server import events as ev
from voice_server.naming import reply_item
from voice_server.wires.realtime import extensions
from voice_server.wires.realtime.client_messages import ResponseParams
from voice_server.wires.realtime.connection import Connection
from voice_server.wires.realtime.errors import Json
from voice_server.wires.realtime.responses import Manner, Response, Status, usage

_OfReply = (
    ev.ReplyText
    | ev.ReplyTextDone
    | ev.ToolCallWritten
    | ev.ToolCalled
    | ev.AudioStarted
    | ev.AudioMarked
    | ev.AudioFrame
    | ev.AudioDone
    | ev.ReplyTruncated
    | ev.TurnMeasured
    | ev.ReplyDone
)
ReplyEvent = ev.ReplyStarted | ev.PlaybackStopped | _OfReply

_ENDS: dict[ev.ReplyStatus, tuple[Status, str | None]] = {
    "completed": ("completed", None),
    "interrupted": ("cancelled", "turn_detected"),
    "cancelled": ("cancelled", "client_cancelled"),
    "length": ("incomplete", "max_output_tokens"),
    "failed": ("failed", None),
}

_FAULT = {"type": "server_error", "code": "server_error", "message": "The answer failed."}


class Replies:
    """The assistant's half of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def tell(self, event: ReplyEvent) -> list[Json]:
        """The messages for an event, in order."""
        connection = self._connection
        if isinstance(event, ev.ReplyStarted):
            return self._reply_started(event)
        if isinstance(event, ev.PlaybackStopped):
            return self._stopped(event)
        response = connection.responses.get(_number(event))
        if response is None:
            return []
        match event:
            case ev.ReplyText(text=text):
                return response.write(text) if text else []
            case ev.ReplyTextDone(usage=counted, cut=cut):
                response.text_over = True
                response.cut = cut
                response.usage = usage(dict(counted))
                return self._done_if_complete(response)
            case ev.ToolCallWritten() | ev.ToolCalled():
                return self._called(response, event)
            case ev.AudioDone():
                response.audio_over = True
                return self._done_if_complete(response)
            case ev.AudioMarked():
                return extensions.marked(event, connection, response)
            case ev.TurnMeasured():
                return extensions.measured(event, connection, response)
            case ev.ReplyDone():
                return self._reply_done(response, event)
            case ev.AudioStarted() | ev.AudioFrame() | ev.ReplyTruncated():
                return []  # audio is written by the wire itself
            case _:
                assert_never(event)

    def _reply_started(self, event: ev.ReplyStarted) -> list[Json]:
        connection = self._connection
        tag = event.request.tag if event.request else ""
        params = connection.requested.pop(tag, None)
        connection.waiting.discard(tag)
        response = Response(
            id=tag if params else connection.name("resp"),
            item=reply_item(connection.id, event.reply),
            manner=self._manner(params, event.speaks),
            shelf=connection.shelf,
            silenced=event.reply <= connection.stopped,
        )
        connection.responses[event.reply] = response
        if event.speaks or response.manner.conversation is not None:
            connection.reply = event.reply
            connection.sounding = not response.silenced
        if event.speaks:
            connection.speak(response.item, event.reply)
        return response.created()

    def _reply_done(self, response: Response, event: ev.ReplyDone) -> list[Json]:
        """Those who still speak do not speak over it any more."""
        connection = self._connection
        del connection.responses[event.reply]
        events = self._end(response, event.status)
        if event.reply == connection.reply:
            connection.sounding = False
            events += connection.turns.release(open_only=True)
        return events

    def _manner(self, params: ResponseParams | None, speaks: bool) -> Manner:
        connection = self._connection
        session = connection.session.to_json()
        asked = params.audio.output if params and params.audio else None
        output = session["audio"]["output"]
        voice = asked.voice if asked and asked.voice else output["voice"]
        voice = voice if isinstance(voice, str) else voice.get("id", "")
        limit = params.max_output_tokens if params else None
        aside = params is not None and params.conversation == "none"
        return Manner(
            modality="audio" if speaks else "text",
            audio={"output": {"format": output["format"], "voice": voice}},
            max_output_tokens=limit or session["max_output_tokens"],
            conversation=None if aside else f"conv_{connection.key}",
            metadata=params.metadata if params else None,
        )

    def _called(self, response: Response, event: ev.ToolCallWritten | ev.ToolCalled) -> list[Json]:
        connection = self._connection
        if event.by_server:
            connection.note_call(event.call, by_server=True)
            return []
        call, name, arguments = event.call, event.name, event.arguments
        item = response.item_of(call) or connection.name("item")
        if isinstance(event, ev.ToolCallWritten):
            return response.write_call(call, name, arguments, item)
        connection.note_call(call, by_server=False)
        return response.close_call(call, name, arguments, item)

    def _done_if_complete(self, response: Response) -> list[Json]:
        if not response.complete or response.silenced:
            return []
        return self._end(response, "length" if response.cut else "completed")

    def _end(self, response: Response, status: ev.ReplyStatus) -> list[Json]:
        if response.failure and status == "completed":
            status = "failed"
        ended, reason = _ENDS[status]
        details: Json = {"type": ended}
        if reason:
            details["reason"] = reason
        if ended == "failed":
            details["error"] = response.failure or _FAULT
        return response.done(ended, details)

    def _stopped(self, event: ev.PlaybackStopped) -> list[Json]:
        """Nothing more of its sound; whoever spoke over it has the floor."""
        connection = self._connection
        connection.stopped = max(connection.stopped, event.stream)
        connection.waiting.clear()
        if response := connection.responses.get(event.stream):
            response.silenced = True
        if connection.reply == event.stream:
            connection.sounding = False
        return connection.turns.release()


def _number(event: _OfReply) -> int:
    """The reply's number, which is also that of its stream."""
    audio = ev.AudioStarted | ev.AudioMarked | ev.AudioFrame | ev.AudioDone
    return event.stream if isinstance(event, audio) else event.reply
