"""Which events are something that somebody said, and how that is written down. Pure."""

from datetime import UTC, datetime

import msgspec

from voice_server.events import FinalTranscript, Item, ItemAdded, ReplyDone, ServerEvent


class Utterance(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a transcript; what is empty is left out."""

    at: str
    """UTC, ISO 8601, milliseconds."""
    session: str
    user: str
    """Whose credential opened the session."""
    role: str
    """`user`, or `assistant`."""
    text: str
    """Of a reply: as far as it was heard."""
    language: str = ""
    status: str = ""
    """Of a reply: how it ended."""

    def line(self) -> bytes:
        """JSON, and the end of the line."""
        return msgspec.json.encode(self) + b"\n"


def utterance(event: ServerEvent, *, session: str, user: str, now: float) -> Utterance | None:
    """What was said, if the event tells that something was. `now` in Unix seconds."""
    at = timestamp(now)
    match event:
        case FinalTranscript(text=str(text), language=language) if text:
            return Utterance(at, session, user, "user", text, language=language)
        case ItemAdded(Item(kind="message", role="user", spoken=False, text=str(text))) if text:
            return Utterance(at, session, user, "user", text)
        case ReplyDone(text=str(text), status=status) if text:
            return Utterance(at, session, user, "assistant", text, status=status)
        case _:
            return None


def timestamp(now: float) -> str:
    """`2026-11-21T08:00:00.000Z`."""
    moment = datetime.fromtimestamp(now, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def day(now: float) -> str:
    """`2026-11-21`, in UTC."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()
