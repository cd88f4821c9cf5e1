"""To the client: each event of the conversation as messages of this protocol. Pure.

Two things are told sooner than they are true for the conversation: a turn's item when the turn
ends, though its words come later, and the end of a response when all of it was sent, though it is
still being heard. Clients expect it so.
"""

from dataclasses import replace
from typing import assert_never

from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.wires.realtime import errors, extensions
from voice_server.wires.realtime.connection import Connection, Errand
from voice_server.wires.realtime.errors import Json
from voice_server.wires.realtime.items import item_json, unheard_json
from voice_server.wires.realtime.replies import Replies
from voice_server.wires.realtime.session_object import SemanticVad, Session
from voice_server.wires.realtime.user_turns import announced

_REASONS = {
    "commit": "input_audio_buffer_commit_empty",
    "recited": "input_audio_buffer_commit_empty",
    "retrieve": "item_retrieve_invalid_item_id",
    "delete": "item_delete_invalid_item_id",
    "cancel": "response_cancel_not_active",
}
"""What it means if the conversation refuses an errand, where it does not say."""

_ENGINES_FAILED = (ErrorCode.LLM_FAILED, ErrorCode.TTS_FAILED, ErrorCode.INTERNAL)


class Outgoing:
    """The other direction of a connection."""

    def __init__(self, connection: Connection, opened_s: int) -> None:
        """`opened_s` is now in Unix seconds, from which the client counts to its end."""
        self._connection = connection
        self._opened_s = opened_s
        self.first = connection.session
        """As the client finds it."""
        self._replies = Replies(connection)
        self._life = ""
        self._expires_at = opened_s

    def tell(self, event: ev.ServerEvent) -> list[Json]:  # noqa: PLR0912 - one case per event
        """The messages for an event, in order."""
        turns = self._connection.turns
        match event:
            case ev.SessionReady():
                return self._ready(event)
            case ev.SpeechStarted():
                return turns.started(event, held=event.during_reply and self._uncertain)
            case ev.PartialTranscript():
                return [*turns.wrote(event), *extensions.partial(event, self._connection)]
            case ev.SpeechStopped():
                if turns.detects:
                    self._connection.buffered_ms = 0.0
                return turns.stopped(event)
            case ev.FinalTranscript():
                return turns.finished(event)
            case ev.ItemAdded() | ev.ItemChanged() | ev.ItemRemoved() | ev.ItemsShown():
                return self._about_items(event)
            case ev.MessageAcknowledged(id):
                errand = self._connection.come_back(id)
                return [] if errand is None else self._obeyed(errand)
            case ev.ErrorRaised():
                return self._failed(event)
            case ev.FormatsConfirmed(output_codec=codec, output_rate=rate):
                self._connection.codec, self._connection.rate = codec, rate
                return []
            case ev.Noticed(code="user_idle"):
                return self._idle()
            case (
                ev.StateChanged()
                | ev.LevelMeasured()
                | ev.PlaybackPaused()
                | ev.PlaybackResumed()
                | ev.ConfigConfirmed()
                | ev.InputFlow()
                | ev.Ponged()
                | ev.Noticed()
                | ev.GoingAway()
            ):
                return []
            case _:
                return self._replies.tell(event)

    # The session -----------------------------------------------------------------------------

    def _ready(self, event: ev.SessionReady) -> list[Json]:
        connection = self._connection
        connection.id = event.session
        connection.codec, connection.rate = event.options.output_codec, event.options.output_rate
        life_s = event.limits.get("max_session_s", 0)
        self._life = f"{life_s // 60} minutes" if life_s >= 60 else f"{life_s} seconds"
        self._expires_at = self._opened_s + life_s
        return self._tell_session("created", self.first)

    def _tell_session(self, what: str, session: Session) -> list[Json]:
        """The session as it is now, and as the user's turns are told from here on."""
        turns, input = self._connection.turns, session.audio.input
        turns.detects = input.turn_detection is not None
        turns.transcribes = session.type == "transcription" or input.transcription is not None
        id = f"sess_{self._connection.id.partition('_')[2]}"
        shown = session.to_json(id, self._expires_at)
        return [{"type": f"session.{what}", "session": shown}]

    @property
    def _uncertain(self) -> bool:
        """Whether a sound over the reply may turn out to be nothing."""
        connection = self._connection
        detection = connection.session.audio.input.turn_detection
        if not connection.sounding or not isinstance(detection, SemanticVad):
            return False
        return detection.interrupt_response

    # Errands ---------------------------------------------------------------------------------

    def _obeyed(self, errand: Errand) -> list[Json]:
        connection = self._connection
        match errand.kind:
            case "update":
                assert errand.session is not None
                return self._tell_session("updated", errand.session)
            case "clear":
                return connection.turns.cleared()
            case "truncate":
                return [_truncated(errand)]
            case "show":
                item = unheard_json(errand.item)
                item["content"][0]["transcript"] = ""
                return [{"type": "conversation.item.retrieved", "item": item}]
            case "drop":
                connection.shelf.remove(errand.item)
                return [{"type": "conversation.item.deleted", "item_id": errand.item}]
            case "recite":
                connection.turns.reciting = errand.item
            case "recited":
                connection.turns.reciting = ""
            case "create":
                connection.creating.discard(errand.item)
            case "cancel":
                connection.waiting.clear()
            case "respond" | "commit" | "retrieve" | "delete" | "restore" | "refused":
                pass
            case _:
                assert_never(errand.kind)
        return []

    def _failed(self, event: ev.ErrorRaised) -> list[Json]:
        connection = self._connection
        errand = connection.come_back(event.id)
        if errand:
            return self._refused(errand, event)
        if event.code is ErrorCode.ASR_FAILED and not event.fatal:
            connection.turns.failed(event.message)
            return []
        answering = [one for one in connection.responses.values() if not one.over]
        if event.code in _ENGINES_FAILED and not event.fatal and answering:
            failing = connection.response or answering[-1]
            failing.failure = failing.failure or _fault(event)
            return []
        message = event.message
        if event.code is ErrorCode.MAX_SESSION:
            message = f"Your session hit the maximum duration of {self._life}."
        type, code = errors.type_of(event.code), errors.code_of(event.code)
        return [errors.error_event(type, code, message, None, None)]

    def _refused(self, errand: Errand, event: ev.ErrorRaised) -> list[Json]:
        connection = self._connection
        if errand.kind == "truncate":
            return [_truncated(errand)]
        undone = connection.turns.cleared() if errand.kind == "clear" else []
        connection.creating.discard(errand.item)
        connection.requested.pop(errand.item, None)
        connection.waiting.discard(errand.item)
        if errand.before and connection.session == errand.session:
            connection.session = errand.before
        reason = errand.reason or _REASONS.get(errand.kind) or errors.code_of(event.code)
        message = event.message
        if reason == "input_audio_buffer_commit_empty" and errand.kind != "refused":
            connection.turns.reciting = ""
            message = str(errors.buffer_too_small(0.0))
        elif reason == "response_cancel_not_active":
            message = str(errors.nothing_to_cancel())
        type = errors.type_of(event.code)
        error = errors.error_event(type, reason, message, errand.param, errand.event_id)
        return [*undone, error]

    # Items -----------------------------------------------------------------------------------

    def _about_items(
        self, event: ev.ItemAdded | ev.ItemChanged | ev.ItemRemoved | ev.ItemsShown
    ) -> list[Json]:
        shelf = self._connection.shelf
        match event:
            case ev.ItemAdded(item, after):
                return self._item_added(item, after)
            case ev.ItemChanged():
                return []  # told when it was written; the client can ask for it
            case ev.ItemRemoved(item):
                id = shelf.shown(item)
                shelf.forget(item)
                return [{"type": "conversation.item.deleted", "item_id": id}] if id else []
            case ev.ItemsShown(items):
                shown = [item_json(replace(item, id=shelf.shown(item.id))) for item in items]
                return [{"type": "conversation.item.retrieved", "item": item} for item in shown]
            case _:
                assert_never(event)

    def _item_added(self, item: ev.Item, after: str | None) -> list[Json]:
        """Most are known already, when the conversation gets them."""
        connection, shelf = self._connection, self._connection.shelf
        called = ""
        if item.kind == "tool_call":
            calls = (one.item_of(item.call) for one in connection.responses.values())
            called = next(filter(None, calls), "")
        known = called or connection.turns.recited.pop(item.id, item.id)
        if known in shelf:
            shelf.keep(known, item.id)
            return []
        if item.kind != "message" and item.call in connection.server_calls:
            shelf.insert(item.id, after, hidden=True)
            return []
        if item.status == "in_progress":
            shelf.expect(item.id)
            return []
        connection.creating.discard(item.id)
        told = {"item": item_json(item), "previous_item_id": shelf.insert(item.id, after)}
        return [
            {"type": "conversation.item.added", **told},
            {"type": "conversation.item.done", **told},
        ]

    def _idle(self) -> list[Json]:
        """Nobody has spoken for long: that silence is an item, and is answered."""
        connection = self._connection
        item = connection.name("item")
        end_ms = int(connection.heard_ms)
        detection = connection.session.audio.input.turn_detection
        waited_ms = getattr(detection, "idle_timeout_ms", None) or 0
        if detection is not None and detection.create_response:
            connection.wishes.append(ev.ReplyRequested(follows=True))
        times = {"audio_start_ms": max(0, end_ms - waited_ms), "audio_end_ms": end_ms}
        timeout = {"type": "input_audio_buffer.timeout_triggered", "item_id": item, **times}
        return [timeout, *announced(connection.shelf, item), *connection.turns.silent(item)]


def _fault(event: ev.ErrorRaised) -> Json:
    return {
        "type": errors.type_of(event.code),
        "code": errors.code_of(event.code),
        "message": event.message,
    }


def _truncated(errand: Errand) -> Json:
    ids = {"item_id": errand.item, "content_index": 0, "audio_end_ms": errand.ms}
    return {"type": "conversation.item.truncated", **ids}
