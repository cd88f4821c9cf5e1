"""A client for Python programs: hold a conversation, or run an errand in one line.

    async with connect("http://localhost:8080/") as call:
        await call.text("What time is it?")
        async for event in call:
            print(event)

    print(ask("What time is it?").text)

It needs no engine: aiohttp, msgspec and numpy are all that it imports. Reading order: `opening`,
`events`, `connection`, `call`, `errands`.
"""

from voice_server.client.call import Call, connect
from voice_server.client.errands import Answer, Said, ask, speak, transcribe_file
from voice_server.client.errors import (
    BadAddress,
    BadCertificate,
    CallError,
    ConnectionLost,
    ConnectionRefused,
    NotAllowed,
    ProtocolError,
    ReplyFailed,
    ServerFull,
    Unauthorized,
)
from voice_server.client.events import (
    Ack,
    Audio,
    AudioDone,
    AudioStarted,
    Config,
    Error,
    Event,
    Final,
    Flow,
    GoingAway,
    Level,
    Mark,
    Metrics,
    Notice,
    Partial,
    PlaybackPause,
    PlaybackResume,
    PlaybackStop,
    Pong,
    Ready,
    Reconnected,
    Reconnecting,
    ReplyDone,
    ReplyStarted,
    SpeechStarted,
    SpeechStopped,
    State,
    TextDelta,
    TextDone,
    Truncated,
)
from voice_server.client.keys import Key
from voice_server.client.loudspeaker import Loudspeaker
from voice_server.client.opening import CallOptions
from voice_server.client.reconnection import ONCE, Reconnection
from voice_server.client.trust import ANYBODY

__all__ = [
    "ANYBODY",
    "ONCE",
    "Ack",
    "Answer",
    "Audio",
    "AudioDone",
    "AudioStarted",
    "BadAddress",
    "BadCertificate",
    "Call",
    "CallError",
    "CallOptions",
    "Config",
    "ConnectionLost",
    "ConnectionRefused",
    "Error",
    "Event",
    "Final",
    "Flow",
    "GoingAway",
    "Key",
    "Level",
    "Loudspeaker",
    "Mark",
    "Metrics",
    "NotAllowed",
    "Notice",
    "Partial",
    "PlaybackPause",
    "PlaybackResume",
    "PlaybackStop",
    "Pong",
    "ProtocolError",
    "Ready",
    "Reconnected",
    "Reconnecting",
    "Reconnection",
    "ReplyDone",
    "ReplyFailed",
    "ReplyStarted",
    "Said",
    "ServerFull",
    "SpeechStarted",
    "SpeechStopped",
    "State",
    "TextDelta",
    "TextDone",
    "Truncated",
    "Unauthorized",
    "ask",
    "connect",
    "speak",
    "transcribe_file",
]
