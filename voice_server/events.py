"""The vocabulary of a conversation: everything a client can say to it and everything it can say.

Wires translate between these values and bytes; the session consumes `ClientEvent`s and emits
`ServerEvent`s. Every consumer's `match` ends in `assert_never`, so a new event fails the type check
in each wire until it is handled. No `repr` shows anybody's words or audio: events may be logged.

Positions are samples, `ms` are milliseconds of audio. `reply` is the number of a reply in its
session; it is also the number of its audio stream. `turn` is the number of a user turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from audio import Samples
from audio.formats import AudioFormat, Codec
from models.asr import Transcript, Word
from models.llm import Tool
from models.tts import WordMark
from voice_server.closes import ErrorCode

Mode = Literal["conversation", "transcription", "tts"]
"""Answer what is said; only write it down; only speak what is sent."""


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What may change while the session lives. None leaves the server's setting."""

    language: str | None = None
    instructions: str | None = field(default=None, repr=False)
    voice: str | None = None
    speed: float | None = None
    turn: Mapping[str, object] = field(default_factory=dict)
    """A patch to the server's `turn` settings."""
    hints: str | None = field(default=None, repr=False)
    """Text in the style and vocabulary that the recogniser should expect."""
    hot_words: tuple[str, ...] | None = field(default=None, repr=False)
    """Names and terms that it should expect."""
    answers: bool | None = None
    """False: turns are written down, and answered only when the client asks."""
    speaks: bool | None = None
    """False: replies are text only."""
    tools: tuple[Tool, ...] | None = field(default=None, repr=False)
    """What the client can do for the language model."""
    tool_choice: str | None = None
    """As in `models.llm.ChatOptions`."""
    max_tokens: int | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What a client asked for when it opened its session."""

    mode: Mode = "conversation"
    input: AudioFormat = field(default_factory=lambda: AudioFormat(Codec.PCM_S16LE, 16_000))
    output_codec: Codec = Codec.PCM_S16LE
    output_rate: int = 24_000
    framed: bool = True
    """Binary messages carry the 16-byte header, in both directions."""
    lead_ms_max: int = 2000
    """Audio the client is willing to hold ahead of playback."""
    playback_reports: bool = False
    """The client says what it has played; otherwise the clock is believed."""
    echo_cancelled: bool = True
    """False: the microphone may hear the loudspeaker."""
    features: frozenset[str] = frozenset()
    resumes: bool = False
    """The client will come back if its connection breaks, and go on where it was."""
    greeting: str = field(default="", repr=False)
    """Spoken when the conversation begins; empty: the server's, if it has one."""
    config: SessionConfig = field(default_factory=SessionConfig)
    client: str = ""
    """Name and version, for the logs."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the conversation, in the order in which the language model reads it."""

    id: str
    """Unique in the session; ids of ours come from `naming`."""
    kind: Literal["message", "tool_call", "tool_result"] = "message"
    role: Literal["system", "user", "assistant"] = "user"
    """Of a message."""
    text: str = field(default="", repr=False)
    """What was said, the arguments of a tool call (JSON), or the output of a tool."""
    name: str = ""
    """Of the tool that is called."""
    call: str = ""
    """Which tool call this is, or answers."""
    status: Literal["in_progress", "completed", "incomplete"] = "completed"
    """Incomplete: cut off; `text` is what was heard."""
    spoken: bool = False
    """It was said aloud, not written."""


# From the client -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResumeAsked:
    """A client wants the session back that it had on another connection."""

    session: str
    secret: str = field(repr=False)
    """The newest that it was given for this session."""
    last_number: int
    """Of the newest event that it has seen."""
    played: tuple[int, int] | None = None
    """A stream, and the sample from which on it lacks that stream's audio."""
    required: bool = False
    """Rather nothing than a new session."""
    last_text: int | None = None
    """Number of the newest event that it has seen apart from audio; None: it does not know."""


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """The first thing a wire yields."""

    options: SessionOptions
    resume: ResumeAsked | None = None


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """Microphone audio in the session's input format, cut anywhere."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AudioMissed:
    """Samples that will never come, or that the client sent as a count of silence."""

    samples: int
    """At the input rate."""
    lost: bool
    """True: a gap; False: the client vouches for silence."""


@dataclass(frozen=True, slots=True)
class AudioCommitted:
    """The user's turn ends here (push-to-talk)."""


@dataclass(frozen=True, slots=True)
class AudioCleared:
    """Forget what was said in this turn."""


@dataclass(frozen=True, slots=True)
class MicrophoneMuted:
    """Audio that arrives while muted is ignored."""

    muted: bool


@dataclass(frozen=True, slots=True)
class TextReceived:
    """A typed message."""

    text: str = field(repr=False)
    respond: bool = True


@dataclass(frozen=True, slots=True)
class ReplyRequested:
    """Answer now. What is None is taken from the session's configuration."""

    instructions: str | None = field(default=None, repr=False)
    speaks: bool | None = None
    voice: str | None = None
    tools: tuple[Tool, ...] | None = field(default=None, repr=False)
    tool_choice: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    input: tuple[Item | str, ...] | None = None
    """The prompt instead of the conversation; a string is the id of one of its items."""
    aside: bool = False
    """The conversation does not remember this reply."""
    follows: bool = False
    """The reply that is playing goes on, and this one comes after it; else it is cut off."""
    tag: str = field(default="", repr=False)
    """Comes back in `ReplyStarted`."""


@dataclass(frozen=True, slots=True)
class ReplyCancelled:
    """Stop a reply; None means the current one."""

    reply: int | None = None


@dataclass(frozen=True, slots=True)
class PlaybackReported:
    """What the client's loudspeaker has done."""

    stream: int
    position: int
    """Samples rendered since the stream began, device latency subtracted."""
    state: Literal["playing", "paused", "stopped", "drained", "underrun"] = "playing"


@dataclass(frozen=True, slots=True)
class ReplyClipped:
    """The client played a reply only so far, and threw the rest away."""

    reply: int
    ms: int
    """Of its audio; more than there was means all of it."""


@dataclass(frozen=True, slots=True)
class ItemInserted:
    """Something enters the conversation without being said in it."""

    item: Item
    after: str | None = None
    """Id of the item before it; None: at the end, empty: at the front."""


@dataclass(frozen=True, slots=True)
class ItemDeleted:
    """Something leaves the conversation."""

    item: str


@dataclass(frozen=True, slots=True)
class ItemsWanted:
    """Show an item as it is remembered, or all of them."""

    item: str | None = None


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """The client's answer to a tool call."""

    call: str
    output: str = field(repr=False)
    respond: bool = True
    """Answer as soon as every call of that reply is answered."""
    id: str = ""
    """For the item that it becomes; empty: ours."""


@dataclass(frozen=True, slots=True)
class FormatsChanged:
    """From here on the audio has another format; None leaves one as it is."""

    input: AudioFormat | None = None
    output_codec: Codec | None = None
    output_rate: int | None = None


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """A key on a telephone."""

    digit: str = field(repr=False)
    """One of `0-9*#A-D`."""


@dataclass(frozen=True, slots=True)
class SayRequested:
    """Speak this text as it is."""

    text: str = field(repr=False)
    voice: str | None = None
    interruptible: bool = True


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    """New configuration; keys that are None stay as they are."""

    config: SessionConfig


@dataclass(frozen=True, slots=True)
class MessageAcknowledged:
    """A message with an id was understood (also sent to the client)."""

    id: str


@dataclass(frozen=True, slots=True)
class Pinged:
    """The client measures the round trip."""

    t: float


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """Something arrived that the protocol does not allow. The conversation goes on."""

    code: ErrorCode
    message: str
    """A sentence that says what to do."""
    id: str | None = None
    fatal: bool = False
    """The session cannot be opened like this."""


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The client said goodbye."""


@dataclass(frozen=True, slots=True)
class Identified:
    """An event that the client wants to see acknowledged, or refused by this id."""

    id: str
    event: "ClientEvent"


ClientEvent = (
    SessionOpened
    | AudioReceived
    | AudioMissed
    | AudioCommitted
    | AudioCleared
    | MicrophoneMuted
    | TextReceived
    | ReplyRequested
    | ReplyCancelled
    | PlaybackReported
    | ReplyClipped
    | ItemInserted
    | ItemDeleted
    | ItemsWanted
    | ToolReturned
    | FormatsChanged
    | DigitPressed
    | SayRequested
    | ConfigChanged
    | MessageAcknowledged
    | Pinged
    | MessageRefused
    | SessionEnded
    | Identified
)


# To the client -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResumeOffer:
    """How to get this session back when the connection breaks."""

    secret: str = field(repr=False)
    """Works once."""
    for_s: float
    """How long the session is kept without a connection."""
    epoch: int
    """Counts the processes that have held the session."""
    input_position: int = 0
    """The next sample of the microphone that the server wants."""
    replay_from: int | None = None
    """Number of the first event that is sent again; None: this is a new session."""
    refused: str = ""
    """Why the session that was asked for did not come back."""


@dataclass(frozen=True, slots=True)
class SessionReady:
    """The session exists; everything it granted."""

    session: str
    options: SessionOptions
    config: Mapping[str, object] = field(repr=False)
    """Effective configuration, plain values."""
    engines: Mapping[str, str]
    """`asr`, `llm`, `tts` → name; absent where the mode does not use one."""
    limits: Mapping[str, int]
    notices: tuple[str, ...] = ()
    """Sentences for the user interface, e.g. that the recogniser understands machines only."""
    resume: ResumeOffer | None = None
    """For clients that asked for it."""


class ConversationState(StrEnum):
    """For user interfaces; nothing depends on it."""

    LISTENING = "listening"
    HEARING = "hearing"
    ENDPOINTING = "endpointing"
    THINKING = "thinking"
    SPEAKING = "speaking"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class StateChanged:
    """What the conversation is doing."""

    state: ConversationState


@dataclass(frozen=True, slots=True)
class LevelMeasured:
    """Loudness of the microphone over the last tenth of a second."""

    dbfs: float
    voice: bool


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user began to speak."""

    turn: int
    ms: int
    """Milliseconds of microphone audio since the session began, pre-roll subtracted."""
    during_reply: bool


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The user's turn ended."""

    turn: int
    ms: int
    heard_ms: int = 0
    """Up to here the audio belongs to it, silence included; less than `ms`: up to `ms`."""


@dataclass(frozen=True, slots=True)
class PartialTranscript:
    """Words while they are spoken."""

    turn: int
    revision: int
    stable: str = field(repr=False)
    """Grows by appending only."""
    unstable: str = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True)
class FinalTranscript:
    """What the turn said. Empty text means: nothing after all."""

    turn: int
    text: str = field(repr=False)
    language: str
    confidence: float
    words: tuple[Word, ...] = field(repr=False)
    duration_ms: int
    covered: int | None = None
    """Samples of the microphone that will never be needed again; for sessions that resume."""


ReplyCause = Literal["vad", "commit", "text", "request", "say", "tool"]


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """An answer is on its way."""

    reply: int
    cause: ReplyCause
    turn: int | None
    """The user turn it answers."""
    request: ReplyRequested | None = None
    """What the client asked for, if it did."""
    speaks: bool = True


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A piece of the reply, as the language model made it."""

    reply: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReplyTextDone:
    """All text of the reply, and all its tool calls."""

    reply: int
    text: str = field(repr=False)
    usage: Mapping[str, int] = field(default_factory=dict)
    """Tokens, as far as the endpoint counts them."""
    cut: bool = False
    """It would have gone on, but for a limit."""


@dataclass(frozen=True, slots=True)
class ToolCallWritten:
    """A piece of a tool call, as the language model makes it."""

    reply: int
    call: str
    name: str
    arguments: str = field(repr=False)
    by_server: bool = False
    """The server runs it; the client need not."""


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A tool call is complete. One that the client answers waits for its `ToolReturned`."""

    reply: int
    call: str
    name: str
    arguments: str = field(repr=False)
    by_server: bool = False


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """The conversation has one entry more."""

    item: Item
    after: str | None
    """Id of the item before it; None: it is the first."""


@dataclass(frozen=True, slots=True)
class ItemChanged:
    """What is remembered of an entry is now this: a reply was heard to its end, or cut."""

    item: Item


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """The conversation has one entry less."""

    item: str


@dataclass(frozen=True, slots=True)
class ItemsShown:
    """What was asked for."""

    items: tuple[Item, ...]
    one: bool
    """One was asked for, not all."""


@dataclass(frozen=True, slots=True)
class FormatsConfirmed:
    """The audio's formats after a change."""

    input: AudioFormat
    output_codec: Codec
    output_rate: int


@dataclass(frozen=True, slots=True)
class AudioStarted:
    """The first audio of a stream follows."""

    stream: int


@dataclass(frozen=True, slots=True)
class AudioMarked:
    """Which samples speak which word of the reply; sent before the samples."""

    stream: int
    position: int
    end_position: int
    start_char: int
    """Into the reply's text."""
    end_char: int
    exact: bool
    """False: proportional, because the voice cannot tell."""


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """Reply audio at the session's output rate."""

    stream: int
    position: int
    samples: Samples = field(repr=False)
    first: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class AudioDone:
    """The stream is complete."""

    stream: int
    total_samples: int


@dataclass(frozen=True, slots=True)
class PlaybackPaused:
    """Hold still, and keep what was not played."""

    stream: int


@dataclass(frozen=True, slots=True)
class PlaybackResumed:
    """Go on with the very next sample."""

    stream: int


@dataclass(frozen=True, slots=True)
class PlaybackStopped:
    """Throw away everything of this stream that has not been played."""

    stream: int
    reason: Literal["barge_in", "cancel", "error"]


@dataclass(frozen=True, slots=True)
class ReplyTruncated:
    """The reply was cut; what the conversation remembers of it."""

    reply: int
    heard: str = field(repr=False)
    unheard: str = field(repr=False)
    position: int
    ms: int
    basis: Literal["reported", "estimated"]


ReplyStatus = Literal["completed", "interrupted", "cancelled", "failed", "length"]


@dataclass(frozen=True, slots=True)
class TurnMeasured:
    """The first audio of a reply was sent: where the time went."""

    reply: int
    turn: int | None
    metrics: Mapping[str, float]
    """Milliseconds (see `timeline`)."""


@dataclass(frozen=True, slots=True)
class ReplyDone:
    """Nothing of this reply follows."""

    reply: int
    status: ReplyStatus
    text: str = field(repr=False)
    """What was said, as far as it was heard."""
    usage: Mapping[str, int]
    metrics: Mapping[str, float]
    """The turn's ledger in milliseconds (see `timeline`)."""


@dataclass(frozen=True, slots=True)
class ConfigConfirmed:
    """The effective configuration after a change."""

    config: Mapping[str, object] = field(repr=False)
    asked: SessionConfig = field(default_factory=SessionConfig, repr=False)
    """Everything that the client has set so far."""


@dataclass(frozen=True, slots=True)
class InputFlow:
    """How far the microphone audio has been taken in."""

    position: int
    """Samples at the input rate."""
    credit_ms: int
    """How much more may be sent at once."""
    covered: int | None = None
    """As in `FinalTranscript`."""


@dataclass(frozen=True, slots=True)
class Ponged:
    """The answer to a ping."""

    t: float
    server_t: float


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something the user interface may want to say."""

    code: Literal[
        "idle_soon",
        "session_ends",
        "input_gap",
        "user_idle",
        "awake",
        "asleep",
        "budget_80",
        "token_expires",
        "transcript_not_kept",
        "durable",
        "not_durable",
    ]
    in_s: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ErrorRaised:
    """Something went wrong; if fatal, the connection closes next."""

    code: ErrorCode
    message: str
    fatal: bool = False
    id: str | None = None
    retry_after_s: int | None = None
    """How long to stay away, if that is known."""


@dataclass(frozen=True, slots=True)
class GoingAway:
    """The server is about to close this connection in good order."""

    reason: Literal["drain", "max_session"]
    resumes: bool = False
    """Another process will give the session back."""
    in_ms: int = 1000
    """When to come back."""


ServerEvent = (
    SessionReady
    | StateChanged
    | LevelMeasured
    | SpeechStarted
    | SpeechStopped
    | PartialTranscript
    | FinalTranscript
    | ReplyStarted
    | ReplyText
    | ReplyTextDone
    | ToolCallWritten
    | ToolCalled
    | ItemAdded
    | ItemChanged
    | ItemRemoved
    | ItemsShown
    | FormatsConfirmed
    | AudioStarted
    | AudioMarked
    | AudioFrame
    | AudioDone
    | PlaybackPaused
    | PlaybackResumed
    | PlaybackStopped
    | ReplyTruncated
    | TurnMeasured
    | ReplyDone
    | ConfigConfirmed
    | InputFlow
    | MessageAcknowledged
    | Ponged
    | Noticed
    | ErrorRaised
    | GoingAway
)


# From inside the server ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TranscriptChanged:
    """A partial is there."""

    turn: int
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class TranscriptFinished:
    """The final decode of one revision of a turn is there, or failed."""

    turn: int
    revision: int
    transcript: Transcript | None
    error: str = ""
    completeness: float | None = None
    """How finished the turn sounds, if there is a model for that."""


@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """The language model made a piece of text."""

    reply: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReplyToolWritten:
    """The language model made a piece of a tool call."""

    reply: int
    call: str
    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool that the server runs has an answer, or has failed; then `output` says so."""

    call: str
    output: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReplyClauseCut:
    """A clause is complete and goes to the voice."""

    reply: int


@dataclass(frozen=True, slots=True)
class ReplyVoiced:
    """The voice made a piece of audio, at the session's output rate."""

    reply: int
    samples: Samples = field(repr=False)
    marks: tuple[WordMark, ...] = ()
    """Characters of the reply's text; samples since the stream began."""


@dataclass(frozen=True, slots=True)
class ReplyTextEnded:
    """The language model has finished."""

    reply: int
    reason: Literal["stop", "length", "tool_calls"]
    usage: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ReplyVoiceEnded:
    """The voice has finished."""

    reply: int
    whole: bool = True
    """False: the reply was longer than one may be."""


@dataclass(frozen=True, slots=True)
class ReplyStageFailed:
    """An engine gave up on this reply; what the other engine made still counts."""

    reply: int
    code: ErrorCode
    message: str


@dataclass(frozen=True, slots=True)
class LineLost:
    """The client is gone for now: what it does not hear is not said."""


@dataclass(frozen=True, slots=True)
class LineBack:
    """The client is back."""


@dataclass(frozen=True, slots=True)
class ServerLeaving:
    """The process is asked to stop: end the session at the next pause."""


InnerEvent = (
    TranscriptChanged
    | TranscriptFinished
    | ReplyWritten
    | ReplyToolWritten
    | ToolFinished
    | ReplyClauseCut
    | ReplyVoiced
    | ReplyTextEnded
    | ReplyVoiceEnded
    | ReplyStageFailed
    | LineLost
    | LineBack
    | ServerLeaving
)
