"""What `voice.v1` looks like in JSON: one dictionary per server event.

Names and fields are the protocol's; everything else about the protocol is in `voice_v1`.
"""

import json
from typing import Any, assert_never

from models.asr import Word
from voice_server import __version__
from voice_server import events as ev

Json = dict[str, Any]


def render(event: ev.ServerEvent, options: ev.SessionOptions) -> Json | None:  # noqa: PLR0912
    """The message for an event; None if the client did not ask for its kind."""
    features = options.features
    match event:
        case ev.SessionReady():
            return _ready(event)
        case ev.StateChanged(state):
            return {"type": "state", "state": state} if "state" in features else None
        case ev.LevelMeasured(dbfs, voice):
            level = {"type": "level", "dbfs": round(dbfs, 1), "voice": voice}
            return level if "levels" in features else None
        case ev.SpeechStarted(turn, ms, during_reply):
            item = {"type": "speech.started", "item": _item(turn), "ms": ms}
            return {**item, "pos": _samples(ms, options), "during_output": during_reply}
        case ev.SpeechStopped(turn, ms):
            item = {"type": "speech.stopped", "item": _item(turn), "ms": ms}
            return {**item, "pos": _samples(ms, options)}
        case ev.PartialTranscript():
            return _partial(event) if "partials" in features else None
        case ev.FinalTranscript():
            return _final(event, "word_times" in features)
        case ev.ReplyStarted():
            return _started(event)
        case ev.ReplyText(reply, text):
            return {"type": "text.delta", "response": _response(reply), "text": text}
        case ev.ReplyTextDone(reply, text):
            return {"type": "text.done", "response": _response(reply), "text": text}
        case ev.ToolCallWritten():
            return None
        case ev.ToolCalled():
            return _called(event)
        case ev.ItemAdded() | ev.ItemChanged() | ev.ItemRemoved():
            return _item_event(event) if "items" in features else None
        case ev.ItemsShown(items):
            return {"type": "history", "items": [_remembered(item) for item in items]}
        case ev.AudioStarted(stream):
            return {"type": "audio.started", "stream": stream}
        case ev.AudioMarked():
            return _mark(event) if "marks" in features else None
        case ev.AudioDone(stream, total):
            return {"type": "audio.done", "stream": stream, "total_samples": total}
        case ev.PlaybackPaused(stream):
            pause = {"type": "playback.pause", "stream": stream, "reason": "barge_in"}
            return pause if "pause" in features else None
        case ev.PlaybackResumed(stream):
            resume = {"type": "playback.resume", "stream": stream, "reason": "false_alarm"}
            return resume if "pause" in features else None
        case ev.PlaybackStopped(stream, reason):
            return {"type": "playback.stop", "stream": stream, "reason": reason}
        case ev.ReplyTruncated():
            return _truncated(event)
        case ev.TurnMeasured():
            return _metrics(event) if "metrics" in features else None
        case ev.ReplyDone():
            return _done(event)
        case ev.AudioFrame():
            raise TypeError("audio frames are binary")
        case _:
            return _housekeeping(event)


def _housekeeping(
    event: ev.ConfigConfirmed
    | ev.InputFlow
    | ev.MessageAcknowledged
    | ev.Ponged
    | ev.Noticed
    | ev.ErrorRaised
    | ev.FormatsConfirmed
    | ev.GoingAway,
) -> Json | None:
    """Events about the connection rather than the conversation."""
    match event:
        case ev.ConfigConfirmed(config):
            return {"type": "config", "config": config}
        case ev.InputFlow(position, credit_ms):
            flow: Json = {"type": "flow", "input": "ok"}
            flow |= {"acked_pos": position, "credit_ms": credit_ms, "covered_pos": event.covered}
            return _present(flow)
        case ev.MessageAcknowledged(id):
            return {"type": "ack", "id": id}
        case ev.Ponged(t, server_t):
            return {"type": "pong", "t": t, "server_t": server_t}
        case ev.Noticed(code, in_s, detail):
            return _present({"type": "notice", "code": code, "in_s": in_s, "detail": detail})
        case ev.ErrorRaised(code, message, fatal, id, retry_after_s):
            error: Json = {"type": "error", "code": code, "message": message, "fatal": fatal}
            wait_ms = None if retry_after_s is None else retry_after_s * 1000
            return _present({**error, "id": id, "retry_after_ms": wait_ms})
        case ev.FormatsConfirmed():
            return None  # no message of this protocol changes formats
        case ev.GoingAway(reason, resumes, in_ms):
            when = {"reconnect_in_ms": in_ms, "resume": resumes}
            return {"type": "going_away", "reason": reason, **when}
        case _:
            assert_never(event)


def _ready(event: ev.SessionReady) -> Json:
    options = event.options
    ready = {
        "type": "ready",
        "protocol": 1,
        "session": event.session,
        "resumed": event.resume is not None and event.resume.replay_from is not None,
        "resume": _offer(event.resume) if event.resume else None,
        "mode": options.mode,
        "audio": {
            "framing": "framed" if options.framed else "raw",
            "input": {
                "codec": options.input.codec,
                "rate": options.input.rate,
                "channels": options.input.channels,
            },
            "output": {
                "codec": options.output_codec,
                "rate": options.output_rate,
                "channels": 1,
            },
        },
        "limits": event.limits,
        "config": event.config,
        "models": event.engines,
        "notices": event.notices,
        "features": sorted(options.features),
        "server": {"name": "voice-server", "version": __version__},
    }
    return _present(ready)


def _offer(offer: ev.ResumeOffer) -> Json:
    return _present(
        {
            "token": offer.secret,
            "ttl_s": offer.for_s,
            "epoch": offer.epoch,
            "input_pos": offer.input_position,
            "replay_from": offer.replay_from,
            "refused": offer.refused,
        }
    )


def _started(event: ev.ReplyStarted) -> Json:
    started: Json = {
        "type": "response.started",
        "response": _response(event.reply),
        "stream": event.reply,
        "item": f"reply_{event.reply}",
        "cause": event.cause,
        "reply_to": _item(event.turn) if event.turn is not None else None,
    }
    if not event.speaks:
        started["modalities"] = ["text"]
    if event.request and event.request.tag:
        started["metadata"] = json.loads(event.request.tag)
    return started


def _called(event: ev.ToolCalled) -> Json:
    """Arguments that are not a JSON object are shown as text: the client may still make sense."""
    try:
        args = json.loads(event.arguments or "{}")
    except ValueError:
        args = event.arguments
    return {
        "type": "tool.call",
        "response": _response(event.reply),
        "call": event.call,
        "name": event.name,
        "args": args,
        "by": "server" if event.by_server else "client",
    }


def _item_event(event: ev.ItemAdded | ev.ItemChanged | ev.ItemRemoved) -> Json:
    match event:
        case ev.ItemAdded(item, after):
            return {"type": "item.added", "item": _remembered(item), "after": after}
        case ev.ItemChanged(item):
            return {"type": "item.changed", "item": _remembered(item)}
        case ev.ItemRemoved(id):
            return {"type": "item.removed", "item": id}
        case _:
            assert_never(event)


def _remembered(item: ev.Item) -> Json:
    shown: Json = {"id": item.id, "kind": item.kind, "status": item.status}
    match item.kind:
        case "message":
            return {**shown, "role": item.role, "text": item.text}
        case "tool_call":
            return {**shown, "call": item.call, "name": item.name, "args": item.text}
        case "tool_result":
            return {**shown, "call": item.call, "output": item.text}
        case _:
            assert_never(item.kind)


def _partial(event: ev.PartialTranscript) -> Json:
    return {
        "type": "transcript.partial",
        "item": _item(event.turn),
        "rev": event.revision,
        "stable": event.stable,
        "unstable": event.unstable,
        "lang": event.language,
    }


def _final(event: ev.FinalTranscript, word_times: bool) -> Json:
    final: Json = {
        "type": "transcript.final",
        "item": _item(event.turn),
        "text": event.text,
        "lang": event.language,
        "confidence": round(event.confidence, 3),
        "duration_ms": event.duration_ms,
    }
    if event.covered is not None:
        final["covered_pos"] = event.covered
    if word_times:
        final["words"] = [_word(word) for word in event.words]
    if not event.text:
        final["empty"] = True
    return final


def _word(word: Word) -> Json:
    return {
        "w": word.text,
        "start_ms": word.start_ms,
        "end_ms": word.end_ms,
        "p": round(word.probability, 3),
    }


def _mark(event: ev.AudioMarked) -> Json:
    return {
        "type": "audio.mark",
        "stream": event.stream,
        "pos": event.position,
        "end_pos": event.end_position,
        "chars": [event.start_char, event.end_char],
        "level": "word",
        "exact": event.exact,
    }


def _truncated(event: ev.ReplyTruncated) -> Json:
    return {
        "type": "response.truncated",
        "response": _response(event.reply),
        "item": f"reply_{event.reply}",
        "heard": event.heard,
        "unheard": event.unheard,
        "pos": event.position,
        "ms": event.ms,
        "basis": event.basis,
    }


def _metrics(event: ev.TurnMeasured) -> Json:
    turn = _item(event.turn) if event.turn is not None else None
    response = _response(event.reply)
    return {"type": "metrics", "response": response, "item": turn, "metrics": event.metrics}


def _done(event: ev.ReplyDone) -> Json:
    return {
        "type": "response.done",
        "response": _response(event.reply),
        "status": event.status,
        "text": event.text,
        "usage": event.usage,
        "metrics": event.metrics,
    }


def _item(turn: int) -> str:
    return f"turn_{turn}"


def _response(reply: int) -> str:
    return f"resp_{reply}"


def _samples(ms: int, options: ev.SessionOptions) -> int:
    return ms * options.input.rate // 1000


def _present(message: Json) -> Json:
    """Without the fields that have nothing to say."""
    return {key: value for key, value in message.items() if value not in (None, "")}
