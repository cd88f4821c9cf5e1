"""Events of ours beside OpenAI's, for clients that ask for them in `session.x_events`. Pure.

Strict clients refuse what they do not know, so nobody gets these unasked.
"""

from voice_server import events as ev
from voice_server.wires.realtime.connection import Connection
from voice_server.wires.realtime.errors import Json
from voice_server.wires.realtime.responses import Response

PARTIAL = "transcript.partial"
"""Words while they are spoken, with those that may still change."""

METRICS = "metrics"
"""Where the time went until the first audio, in milliseconds."""

WORD_TIMES = "word_times"
"""Which characters of an answer sound when, told before the audio."""


def partial(event: ev.PartialTranscript, connection: Connection) -> list[Json]:
    """`x.transcript.partial`."""
    item = connection.turns.item_of(event.turn)
    if not item or not _wanted(PARTIAL, connection):
        return []
    words = {"stable": event.stable, "unstable": event.unstable}
    return [{"type": f"x.{PARTIAL}", "item_id": item, **words}]


def measured(event: ev.TurnMeasured, connection: Connection, response: Response) -> list[Json]:
    """`x.metrics`."""
    if not _wanted(METRICS, connection):
        return []
    return [{"type": f"x.{METRICS}", "response_id": response.id, "metrics": dict(event.metrics)}]


def marked(event: ev.AudioMarked, connection: Connection, response: Response) -> list[Json]:
    """`x.word_times`."""
    if response.silenced or not _wanted(WORD_TIMES, connection):
        return []
    times = {
        "start_ms": event.position * 1000 // connection.rate,
        "end_ms": event.end_position * 1000 // connection.rate,
        "start_char": event.start_char,
        "end_char": event.end_char,
        "exact": event.exact,
    }
    return [{"type": f"x.{WORD_TIMES}", "item_id": response.item, **times}]


def _wanted(what: str, connection: Connection) -> bool:
    return what in (connection.session.x_events or ())
