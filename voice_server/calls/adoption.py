"""A call whose process is gone: whether it can go on here, and with what. Pure.

Every event but audio was stored before it was sent, so a client that has seen a number beyond the
log has seen audio there, and says so with the number of the newest text. One that has seen text
that the log does not have, because the store was away, cannot be told the truth: it starts anew.

A turn without a final is closed empty, and its audio, which the client sends again, is a new turn
that ends where the old one did. A reply that was open is over: what was heard of it stays; if
nothing was, it is made again.
"""

from dataclasses import replace

from voice_server import events as ev
from voice_server.calls.ledger import Record
from voice_server.calls.standing import OpenReply
from voice_server.conversation.beginning import Beginning
from voice_server.conversation.casting import ReplyCall
from voice_server.naming import reply_item

AHEAD_MAX = 4096
"""Numbers beyond the log that can be audio: some minutes of it, without any text between."""


def can_go_on(record: Record, asked: ev.ResumeAsked) -> bool:
    """Whether everything that this client has missed is known."""
    sent = record.conversation.standing.sent
    last_text = asked.last_number if asked.last_text is None else asked.last_text
    complete_from = sent - len(record.entries)
    return last_text <= sent and complete_from <= asked.last_number <= sent + AHEAD_MAX


def beginning(record: Record, asked: ev.ResumeAsked, session: str, now: float) -> Beginning:
    """With what the session begins here. `now` in Unix seconds."""
    conversation, standing = record.conversation, record.conversation.standing
    rate = record.opening.options.input.rate
    has = dict([asked.played]) if asked.played else {}
    ends: list[ev.ServerEvent] = list(_ended_turns(record))
    items = {item.id: item for item in conversation.history.items}
    for reply in conversation.replies.values():
        for end in _ended_reply(record, reply, has.get(reply.number), items, session):
            ends.append(end)
            if isinstance(end, ev.ItemChanged):
                items[end.item.id] = end.item
    return Beginning(
        items=tuple(items.values()),
        others=standing.others,
        turn=standing.turn,
        reply=standing.reply,
        position=standing.covered,
        turn_ends=tuple(sorted(ms * rate // 1000 for ms in standing.turns.values() if ms)),
        muted=standing.muted,
        awake=standing.awake,
        age_s=max(0.0, now - record.opening.began_at),
        ends=tuple(ends),
        calls=tuple(standing.calls.values()),
        answer=_answer(record, has),
    )


def options(record: Record) -> ev.SessionOptions:
    """Of the session, as it was configured last."""
    return replace(record.opening.options, config=record.conversation.standing.config)


def _ended_turns(record: Record) -> list[ev.ServerEvent]:
    """Whatever was said in them is heard again."""
    standing = record.conversation.standing
    at_ms = standing.covered * 1000 // record.opening.options.input.rate
    language = standing.config.language or "en"
    ends: list[ev.ServerEvent] = []
    for turn, ended_ms in standing.turns.items():
        if ended_ms is None:
            ends.append(ev.SpeechStopped(turn, at_ms))
        ends.append(ev.FinalTranscript(turn, "", language, 0.0, (), 0))
    return ends


def _ended_reply(
    record: Record, reply: OpenReply, has: int | None, items: dict[str, ev.Item], session: str
) -> list[ev.ServerEvent]:
    rate = record.opening.options.output_rate
    position = reply.position(has)
    heard = reply.heard(position)
    ends: list[ev.ServerEvent] = []
    if reply.sent:
        basis = "estimated" if reply.reported is None else "reported"
        unheard = reply.text[len(heard) :]
        ms = position * 1000 // rate
        ends.append(ev.PlaybackStopped(reply.number, "error"))
        ends.append(
            ev.ReplyTruncated(reply.number, heard, unheard, position, ms, basis)  # type: ignore[arg-type]
        )
    if item := items.get(reply_item(session, reply.number)):
        ends.append(ev.ItemChanged(replace(item, text=heard, status="incomplete")))
    ends.append(ev.ReplyDone(reply.number, "failed", heard, {}, {}))
    return ends


def _answer(record: Record, has: dict[int, int]) -> ReplyCall | None:
    """What the user is still waiting for."""
    conversation, options = record.conversation, record.opening.options
    if options.mode == "transcription":
        return None
    for reply in reversed(conversation.replies.values()):
        if reply.remembers:
            heard = reply.heard(reply.position(has.get(reply.number)))
            return None if heard or reply.called else _again(reply)
    owed = conversation.standing.owed
    answers = options.mode == "conversation" and conversation.standing.config.answers is not False
    return ReplyCall("vad", owed) if answers and owed is not None else None


def _again(reply: OpenReply) -> ReplyCall | None:
    """The same reply once more, if it is known what it was to be."""
    request = reply.request or ev.ReplyRequested()
    if request.input is not None:
        return None
    if reply.cause == "say":
        return ReplyCall("say", text=reply.text, request=request) if reply.whole else None
    return ReplyCall(reply.cause, reply.turn, request=request)
