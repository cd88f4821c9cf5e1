"""From the client: what each message of this protocol asks of the conversation. Pure.

`RefusalError` is raised where the protocol itself says no: unknown items, two responses at once, a
commit of nothing. What the conversation refuses comes back by the errand's name.
"""

from dataclasses import replace
from typing import assert_never

from voice_server import events as ev
from voice_server.wires.realtime import client_messages as msg
from voice_server.wires.realtime import configuration, session_merge
from voice_server.wires.realtime.connection import Connection, Errand
from voice_server.wires.realtime.errors import (
    Json,
    RefusalError,
    already_answering,
    buffer_too_small,
    invalid,
    item_exists,
    no_such_item,
    nothing_to_cancel,
)
from voice_server.wires.realtime.formats import audio_format
from voice_server.wires.realtime.items import (
    ClientItem,
    FunctionCallOutput,
    ItemReference,
    audio_of,
    item_from,
)

COMMIT_MS_MIN = 100
ROOT = "root"
"""Where an item has nothing before it."""


class Incoming:
    """One direction of a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def translate(self, message: msg.AnyMessage) -> list[ev.ClientEvent]:
        """What a message asks for. Raises `RefusalError`."""
        id = message.event_id
        match message:
            case msg.SessionUpdate(session=update):
                return self._update(update, id)
            case msg.AudioAppend(audio=audio):
                return self._append(audio)
            case msg.AudioCommit():
                return self._commit(id)
            case msg.AudioClear():
                return self._clear(id)
            case msg.ItemCreate(item=item, previous_item_id=previous):
                return self._create(item, previous, id)
            case msg.ItemRetrieve(item_id=item):
                return self._retrieve(item, id)
            case msg.ItemDelete(item_id=item):
                return self._delete(item, id)
            case msg.ItemTruncate():
                return self._truncate(message)
            case msg.ResponseCreate(response=params):
                return self._respond(params or msg.ResponseParams(), id)
            case msg.ResponseCancel(response_id=response):
                return self._cancel(response, id)
            case msg.OutputAudioClear():
                return []
            case _:
                assert_never(message)

    # The session -----------------------------------------------------------------------------

    def _update(self, update: Json, id: str | None) -> list[ev.ClientEvent]:
        connection, before = self._connection, self._connection.session
        session_merge.check_type(before, update)
        session = session_merge.merge(before, update)
        config = configuration.configuration(session, connection.around)
        connection.session = session
        events: list[ev.ClientEvent] = []
        formats = configuration.formats(session)
        if formats != configuration.formats(before):
            events.append(formats)
        errand = Errand("update", id, session=session, before=before)
        events.append(connection.send_out(errand, ev.ConfigChanged(config)))
        if wrong := configuration.unsupported_tools(update):
            events.append(connection.refuse(wrong, id))
        return events

    # Audio -----------------------------------------------------------------------------------

    def _append(self, audio: bytes) -> list[ev.ClientEvent]:
        connection = self._connection
        ms = audio_format(connection.session.audio.input.format).duration_ms(len(audio))
        connection.buffered_ms += ms
        connection.heard_ms += ms
        return [ev.AudioReceived(audio)] if audio else []

    def _commit(self, id: str | None) -> list[ev.ClientEvent]:
        connection = self._connection
        if connection.buffered_ms < COMMIT_MS_MIN:
            raise buffer_too_small(connection.buffered_ms)
        connection.buffered_ms = 0.0
        return [connection.send_out(Errand("commit", id), ev.AudioCommitted())]

    def _clear(self, id: str | None) -> list[ev.ClientEvent]:
        connection = self._connection
        connection.buffered_ms = 0.0
        connection.turns.clearing += 1
        return [connection.send_out(Errand("clear", id), ev.AudioCleared())]

    # Items -----------------------------------------------------------------------------------

    def _create(
        self, asked: ClientItem, previous: str | None, id: str | None
    ) -> list[ev.ClientEvent]:
        connection = self._connection
        name = (None if isinstance(asked, ItemReference) else asked.id) or connection.name("item")
        if self._knows(name):
            raise item_exists(name)
        if previous not in (None, ROOT) and not self._knows(str(previous)):
            raise no_such_item("create", str(previous))
        if audio := audio_of(asked):
            return self._recite(audio, name, id)
        item = item_from(asked, name)
        event: ev.ClientEvent
        if isinstance(asked, FunctionCallOutput) and item.call in connection.awaited:
            del connection.awaited[item.call]
            event = ev.ToolReturned(item.call, item.text, respond=False, id=name)
        else:
            event = ev.ItemInserted(item, self._after(previous))
        connection.creating.add(name)
        return [connection.send_out(Errand("create", id, item=name), event)]

    def _knows(self, item: str) -> bool:
        return item in self._connection.shelf or item in self._connection.creating

    def _after(self, previous: str | None) -> str | None:
        if previous is None:
            return None
        return "" if previous == ROOT else self._connection.shelf.anchor(previous)

    def _recite(self, audio: bytes, name: str, id: str | None) -> list[ev.ClientEvent]:
        """Hear audio that came in an item, as a turn of its own that nobody answers yet."""
        connection = self._connection
        format = audio_format(connection.session.audio.input.format)
        if format.duration_ms(len(audio)) < COMMIT_MS_MIN:
            raise invalid("item.content", f"Send at least {COMMIT_MS_MIN} ms of audio.")
        own = configuration.configuration(connection.session, connection.around)
        quiet = configuration.turn(None, connection.around.turn)
        silent = ev.ConfigChanged(ev.SessionConfig(turn=quiet, answers=False))
        connection.heard_ms += format.duration_ms(len(audio))
        return [
            connection.send_out(Errand("recite", id, item=name), silent),
            ev.AudioReceived(audio),
            connection.send_out(Errand("recited", id), ev.AudioCommitted()),
            connection.send_out(Errand("restore", id), ev.ConfigChanged(own)),
        ]

    def _retrieve(self, item: str, id: str | None) -> list[ev.ClientEvent]:
        connection = self._connection
        if connection.shelf.is_hollow(item):
            return [connection.send_out(Errand("show", id, item=item), ev.Pinged(0.0))]
        wanted = ev.ItemsWanted(connection.shelf.kept(item))
        return [connection.send_out(Errand("retrieve", id, item=item), wanted)]

    def _delete(self, item: str, id: str | None) -> list[ev.ClientEvent]:
        connection = self._connection
        if connection.shelf.is_hollow(item):
            return [connection.send_out(Errand("drop", id, item=item), ev.Pinged(0.0))]
        deleted = ev.ItemDeleted(connection.shelf.kept(item))
        return [connection.send_out(Errand("delete", id, item=item), deleted)]

    def _truncate(self, message: msg.ItemTruncate) -> list[ev.ClientEvent]:
        """More than was sent is no error: clients measure with clocks of their own."""
        connection, item = self._connection, message.item_id
        spoken = connection.spoken.get(item)
        if spoken is None and item in connection.shelf:
            raise invalid("item_id", "Only model output audio messages can be truncated.")
        if spoken is None:
            raise no_such_item("truncate", item)
        ms = min(message.audio_end_ms, int(spoken.ms))
        errand = Errand("truncate", message.event_id, item=item, ms=ms)
        return [connection.send_out(errand, ev.ReplyClipped(spoken.reply, ms))]

    # Responses -------------------------------------------------------------------------------

    def _respond(self, params: msg.ResponseParams, id: str | None) -> list[ev.ClientEvent]:
        connection = self._connection
        if connection.session.type == "transcription":
            raise RefusalError("invalid_event", "A transcription session does not answer.")
        aside = params.conversation == "none"
        if not aside:
            self._check_free()
        tag = connection.name("resp")
        asked = replace(
            configuration.request(params, connection.around),
            input=None if params.input is None else self._input(params.input),
            aside=aside,
            tag=tag,
        )
        connection.request(tag, params)
        return [connection.send_out(Errand("respond", id, item=tag), asked)]

    def _check_free(self) -> None:
        """One response is written at a time; one that is only still being heard is in no way."""
        connection = self._connection
        for tag in connection.waiting:
            if connection.requested[tag].conversation != "none":
                raise already_answering(tag)
        active = connection.response
        if active and active.manner.conversation and not active.text_over:
            raise already_answering(active.id)

    def _input(self, items: list[ClientItem]) -> tuple[ev.Item | str, ...]:
        connection = self._connection
        found: list[ev.Item | str] = []
        for item in items:
            if not isinstance(item, ItemReference):
                found.append(item_from(item, item.id or connection.name("item")))
            elif self._knows(item.id):
                found.append(connection.shelf.kept(item.id))
            else:
                raise no_such_item("retrieve", item.id)
        return tuple(found)

    def _cancel(self, response: str | None, id: str | None) -> list[ev.ClientEvent]:
        connection = self._connection
        errand = Errand("cancel", id)
        for number, active in connection.responses.items():
            named = response == active.id
            if not active.over and (named or (response is None and number == connection.reply)):
                return [connection.send_out(errand, ev.ReplyCancelled(number))]
        if connection.waiting and (response is None or response in connection.waiting):
            return [connection.send_out(errand, ev.ReplyCancelled())]
        raise nothing_to_cancel()
