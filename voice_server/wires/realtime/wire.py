"""The translator itself: text in, events out, and back. See the package's docstring.

JSON text only, one event per message, each of the server's with an id of its own. Audio is the hot
path: its messages are written from a template, some five times quicker than by an encoder.
"""

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress

from audio.formats import encode
from voice_server import events as ev
from voice_server.identity.identity import Identity, SessionDefaults
from voice_server.wires import messages
from voice_server.wires.realtime import beta, client_messages, configuration, session_merge
from voice_server.wires.realtime.connection import Connection
from voice_server.wires.realtime.errors import Json, RefusalError
from voice_server.wires.realtime.formats import audio_format, codec
from voice_server.wires.realtime.incoming import Incoming
from voice_server.wires.realtime.outgoing import Outgoing
from voice_server.wires.realtime.session_object import Audio, AudioInput, Session, Transcription

SUBPROTOCOL = "realtime"


class RealtimeWire:
    """One connection's translator."""

    def __init__(
        self,
        query: Mapping[str, str],
        around: configuration.Surroundings,
        *,
        key: str,
        opened_s: int,
        is_beta: bool = False,
        lead_ms: int = 2000,
    ) -> None:
        """`query` is the URL's, `key` makes ids unique, `opened_s` is now in Unix seconds."""
        self._beta = is_beta
        self._lead_ms = lead_ms
        self._query = dict(query)
        session = _first_session(self._query, SessionDefaults(), is_beta=is_beta)
        self._connection = Connection(key, session, around)
        self._incoming = Incoming(self._connection)
        self._outgoing = Outgoing(self._connection, opened_s)

    def introduce(self, identity: Identity) -> None:
        """Begin as the credential says."""
        defaults = identity.session
        session = _first_session(self._query, defaults, is_beta=self._beta)
        self._connection.session = session

    # From the client -------------------------------------------------------------------------

    def greet(self) -> list[ev.ClientEvent]:
        """Connecting opens the session; configuration may follow at any time."""
        connection = self._connection
        refused: list[ev.ClientEvent] = []
        try:
            config = configuration.configuration(connection.session, connection.around)
        except RefusalError as error:
            refused = [connection.refuse(error, None)]
            connection.session = Session(connection.session.type, connection.session.model)
            config = configuration.configuration(connection.session, connection.around)
        session = self._outgoing.first = connection.session
        output_codec, output_rate = codec(session.audio.output.format)
        options = ev.SessionOptions(
            mode="transcription" if session.type == "transcription" else "conversation",
            input=audio_format(session.audio.input.format),
            output_codec=output_codec,
            output_rate=output_rate,
            framed=False,
            lead_ms_max=self._lead_ms,
            playback_reports=False,
            features=frozenset({"partials", "marks"}),
            config=config,
            client="realtime beta" if self._beta else "realtime",
        )
        return [ev.SessionOpened(options), *refused]

    def receive(self, data: str | bytes) -> list[ev.ClientEvent]:
        """Translate one message."""
        wishes, self._connection.wishes = self._connection.wishes, []
        return [*wishes, *self._receive(data)]

    def _receive(self, data: str | bytes) -> list[ev.ClientEvent]:
        event_id: str | None = None
        try:
            if isinstance(data, bytes):
                raise RefusalError("invalid_event", "Send JSON text; audio goes in base64.")
            message = self._decode(data)
            event_id = message.event_id
            return self._incoming.translate(message)
        except RefusalError as error:
            return [self._connection.refuse(error, event_id)]

    def _decode(self, data: str) -> client_messages.AnyMessage:
        if not self._beta:
            return client_messages.decode(data)
        return client_messages.convert(beta.incoming(client_messages.parse(data)))

    # To the client ---------------------------------------------------------------------------

    def send(self, event: ev.ServerEvent, now_ms: int) -> list[str | bytes]:
        """Translate one event; the protocol's clocks count audio, so `now_ms` is not needed."""
        if isinstance(event, ev.AudioFrame):
            return self._send_audio(event)
        told: list[str | bytes] = []
        for message in self._outgoing.tell(event):
            told += self._encode(message)
        return told

    def _encode(self, message: Json) -> list[str]:
        shown = beta.outgoing(message) if self._beta else message
        if shown is None:
            return []
        return [messages.encode({"event_id": self._connection.name("event"), **shown})]

    def _send_audio(self, event: ev.AudioFrame) -> list[str | bytes]:
        connection = self._connection
        response = connection.responses.get(event.stream)
        if response is None or response.silenced or response.over or not len(event.samples):
            return []
        told: list[str | bytes] = []
        for message in response.open_message():
            told += self._encode(message)
        if spoken := connection.spoken.get(response.item):
            spoken.ms += len(event.samples) * 1000 / connection.rate
        sound = b64encode(encode(event.samples, connection.codec)).decode()
        type = "response.audio.delta" if self._beta else "response.output_audio.delta"
        place = response.place
        told.append(
            f'{{"type":"{type}","event_id":"{connection.name("event")}",'
            f'"response_id":"{place["response_id"]}","item_id":"{place["item_id"]}",'
            f'"output_index":{place["output_index"]},"content_index":0,"delta":"{sound}"}}'
        )
        return told


def _first_session(query: dict[str, str], defaults: SessionDefaults, *, is_beta: bool) -> Session:
    """As a session begins: what the URL says lies over what the credential says."""
    given = dict(defaults.realtime)
    session = Session()
    if "transcription" in (query.get("intent"), defaults.mode, given.get("type")):
        audio = Audio(input=AudioInput(transcription=Transcription()))
        session = Session(type="transcription", audio=audio)
    if is_beta:
        session = session_merge.merge(session, beta.SESSION_DEFAULTS)
    with suppress(RefusalError):  # the credential was checked when it was made
        session = session_merge.merge(session, given)
    if isinstance(model := given.get("model"), str):
        query = {"model": model, **query}
    return session_merge.started(session, query)
