"""The native protocol `voice.v1`: JSON and binary audio on one WebSocket.

Pure: messages in, events out, and back. It keeps what belongs to the protocol alone: whether the
session is open, the counter of everything sent, the position of the microphone, and the ids that
were acknowledged. `receive` never raises: what it cannot understand becomes a `MessageRefused`.

A client may open the session with `hello`, with the query of the URL, or by just sending audio.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Literal

from audio.formats import AudioFormat, Codec, FormatError, encode
from models.llm import Tool
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.wires import messages as msg
from voice_server.wires.frames import Flags, Frame, FrameError, Kind, distance, unpack
from voice_server.wires.voice_v1_json import render

SUBPROTOCOL = "voice.v1"
IDS_REMEMBERED = 256
RATES = (24_000, 22_050, 16_000, 48_000, 44_100, 32_000, 8_000)
"""Output rates in our order of preference, for clients that have none."""
QUERY_KEYS = frozenset(
    {"mode", "framing", "codec", "rate", "out_rate", "channels", "lang", "voice"}
)
FEATURES = frozenset(
    {"partials", "marks", "word_times", "state", "metrics", "levels", "pause", "items", "resume"}
)
"""What this server can grant."""
UNSERVABLE = ("$.mode", "$.audio.framing")
"""Places in a hello where an unknown value means that the client wants another server."""
UNNUMBERED = (ev.MessageAcknowledged, ev.Ponged)
"""Answers to one message: whoever asks again gets another."""


class VoiceV1:
    """One connection's translator."""

    def __init__(self, query: Mapping[str, str], *, open_at_once: bool = False) -> None:
        """`query` is the URL's; `open_at_once` is for `/ws`, where nobody says hello."""
        self._query = query
        self._open_at_once = open_at_once or not QUERY_KEYS.isdisjoint(query)
        self._options: ev.SessionOptions | None = None
        self._sn = 0
        self._input_pos = 0
        self._ids: OrderedDict[str, None] = OrderedDict()

    @property
    def sent(self) -> int:
        """Number of the newest event that was told."""
        return self._sn

    @property
    def input_position(self) -> int:
        """The next sample of the microphone that is not here yet."""
        return self._input_pos

    def restore(
        self, options: ev.SessionOptions, sent: int, input_position: int, ids: Iterable[str]
    ) -> None:
        """Go on with a session of another process. See `Resumable`."""
        self._options = options
        self._sn = sent
        self._input_pos = input_position
        self._ids = OrderedDict.fromkeys(ids)

    # From the client -------------------------------------------------------------------------

    def greet(self) -> list[ev.ClientEvent]:
        """What the URL alone says, before any message."""
        return self._open_from_query() if self._open_at_once else []

    def receive(self, data: str | bytes) -> list[ev.ClientEvent]:
        """Translate one message."""
        if isinstance(data, bytes):
            return self._receive_audio(data)
        try:
            message = msg.decode(data)
        except msg.MessageError as error:
            fatal = self._options is None and error.place in UNSERVABLE
            return [ev.MessageRefused(error.code, str(error), fatal=fatal)]
        if self._options is None and not isinstance(message, msg.Hello):
            return [_refused("the first message must be hello, or audio", message.id)]
        if message.id is not None and message.id in self._ids:
            return [ev.MessageAcknowledged(message.id)]
        events = self._translate(message)
        if message.id is None or any(isinstance(e, ev.MessageRefused) for e in events):
            return events
        self._remember(message.id)
        if isinstance(message, msg.Hello):
            return [*events, ev.MessageAcknowledged(message.id)]
        *first, last = events
        return [*first, ev.Identified(message.id, last)]

    def _remember(self, id: str) -> None:
        """Only what was taken is remembered: what was refused may be put right and sent again."""
        self._ids[id] = None
        if len(self._ids) > IDS_REMEMBERED:
            self._ids.popitem(last=False)

    def _translate(self, message: msg.ClientMessage) -> list[ev.ClientEvent]:  # noqa: PLR0912
        match message:
            case msg.Hello():
                return self._open_from_hello(message)
            case msg.ConfigUpdate(config=config):
                return [ev.ConfigChanged(config_of(config))]
            case msg.Text(text=text, respond=respond):
                if not text.strip():
                    return [_refused("text: there is nothing in it", message.id)]
                return [ev.TextReceived(text, respond)]
            case msg.Commit():
                return [ev.AudioCommitted()]
            case msg.Clear():
                return [ev.AudioCleared()]
            case msg.Mute():
                return [ev.MicrophoneMuted(True)]
            case msg.Unmute():
                return [ev.MicrophoneMuted(False)]
            case msg.Respond():
                return [_request(message)]
            case msg.Cancel():
                return _cancel(message)
            case msg.ToolResult(call=call, respond=respond):
                return [ev.ToolReturned(call, _output(message), respond)]
            case msg.HistoryGet():
                return [ev.ItemsWanted()]
            case msg.ItemCreate(item=item, after=after):
                return [ev.ItemInserted(ev.Item(item.id, role=item.role, text=item.text), after)]
            case msg.ItemDelete(item=item):
                return [ev.ItemDeleted(item)]
            case msg.PlaybackReport(stream=stream, pos=pos, state=state):
                return [ev.PlaybackReported(stream, pos, state)]
            case msg.Say(text=text, voice=voice, interruptible=interruptible):
                if not text.strip():
                    return [_refused("text: there is nothing in it", message.id)]
                return [ev.SayRequested(text, voice, interruptible)]
            case msg.Ping(t=t):
                return [ev.Pinged(t)]
            case msg.Bye():
                return [ev.SessionEnded()]

    # Opening ---------------------------------------------------------------------------------

    def _open(
        self, options: ev.SessionOptions, resume: msg.Resume | None = None
    ) -> list[ev.ClientEvent]:
        self._options = options
        return [ev.SessionOpened(options, _resume(resume) if options.resumes and resume else None)]

    def _open_from_hello(self, hello: msg.Hello) -> list[ev.ClientEvent]:
        if self._options is not None:
            return [_refused("the session is open; send config.update to change it", hello.id)]
        if hello.protocol != 1:
            message = f"protocol {hello.protocol} is not known; this is 1"
            return [_refused(message, hello.id, fatal=True)]
        audio = hello.audio
        try:
            codec = Codec(audio.output.codec)
            options = ev.SessionOptions(
                mode=hello.mode,
                input=AudioFormat(Codec(audio.input.codec), audio.input.rate, audio.input.channels),
                output_codec=codec,
                output_rate=_output_rate(codec, audio.output.rates),
                framed=audio.framing == "framed",
                lead_ms_max=audio.output.max_lead_ms,
                playback_reports=hello.playback.reports,
                echo_cancelled=hello.playback.echo_cancelled,
                features=FEATURES & set(hello.features),
                resumes=audio.framing == "framed" and "resume" in hello.features,
                config=config_of(hello.config),
                client=f"{hello.client.name} {hello.client.version}".strip(),
            )
        except FormatError as error:
            return [_unsupported(error, hello.id)]
        return self._open(options, hello.resume)

    def _open_from_query(self) -> list[ev.ClientEvent]:
        query = self._query
        mode = query.get("mode", "conversation")
        framing = query.get("framing", "raw")
        if mode not in ("conversation", "transcription", "tts") or framing not in ("raw", "framed"):
            return [_refused("mode or framing in the URL is not known", fatal=True)]
        try:
            codec = Codec(query.get("codec", Codec.PCM_S16LE))
            rate = 16_000 if codec is Codec.PCM_S16LE else 8_000
            options = ev.SessionOptions(
                mode=mode,  # type: ignore[arg-type]  # checked above
                input=AudioFormat(
                    codec, int(query.get("rate", rate)), int(query.get("channels", 1))
                ),
                output_codec=codec,
                output_rate=_output_rate(codec, [int(query.get("out_rate", RATES[0]))]),
                framed=framing == "framed",
                features=frozenset({"partials", "marks", "state"}),
                config=ev.SessionConfig(language=query.get("lang"), voice=query.get("voice")),
                client="url",
            )
        except FormatError as error:
            return [_unsupported(error)]
        except ValueError:
            return [_refused("rate, out_rate and channels in the URL must be numbers", fatal=True)]
        return self._open(options)

    # Audio -----------------------------------------------------------------------------------

    def _receive_audio(self, data: bytes) -> list[ev.ClientEvent]:
        opened = self._open_from_query() if self._options is None else []
        if self._options is None:
            return opened
        if not self._options.framed:
            return [*opened, ev.AudioReceived(data)] if data else opened
        try:
            frame = unpack(data)
        except FrameError as error:
            return [ev.MessageRefused(ErrorCode.BAD_FRAME, f"{error}.")]
        return self._receive_frame(frame, self._options.input)

    def _receive_frame(self, frame: Frame, format: AudioFormat) -> list[ev.ClientEvent]:
        if frame.kind is not Kind.INPUT:
            return [ev.MessageRefused(ErrorCode.BAD_FRAME, "Clients send frames of kind 1.")]
        if Flags.SILENCE in frame.flags:
            return self._receive_silence(frame)
        if len(frame.payload) % format.frame_bytes:
            message = f"A frame holds whole samples of {format.frame_bytes} bytes."
            return [ev.MessageRefused(ErrorCode.BAD_AUDIO, message)]
        gap = distance(self._input_pos, frame.pos)
        payload = frame.payload[max(0, -gap) * format.frame_bytes :]
        events: list[ev.ClientEvent] = []
        if gap > 0:
            events.append(ev.AudioMissed(gap, lost=True))
        if payload:
            events.append(ev.AudioReceived(payload))
        self._input_pos += max(0, gap) + len(payload) // format.frame_bytes
        return events

    def _receive_silence(self, frame: Frame) -> list[ev.ClientEvent]:
        if len(frame.payload) != 4:
            message = "A SILENCE frame holds a count of samples in 4 bytes."
            return [ev.MessageRefused(ErrorCode.BAD_FRAME, message)]
        samples = int.from_bytes(frame.payload, "little")
        gap = max(0, distance(self._input_pos, frame.pos))
        silent = distance(self._input_pos + gap, frame.pos + samples)
        events: list[ev.ClientEvent] = []
        if gap:
            events.append(ev.AudioMissed(gap, lost=True))
        if silent > 0:
            events.append(ev.AudioMissed(silent, lost=False))
        self._input_pos += gap + max(0, silent)
        return events

    # To the client ---------------------------------------------------------------------------

    def send(self, event: ev.ServerEvent, now_ms: int) -> list[str | bytes]:
        """Translate one event; nothing if this client did not ask for its kind."""
        message = self._send(event, now_ms)
        return [] if message is None else [message]

    def _send(self, event: ev.ServerEvent, now_ms: int) -> str | bytes | None:
        options = self._options or ev.SessionOptions()
        if isinstance(event, ev.ErrorRaised) and event.id is not None:
            self._ids.pop(event.id, None)  # refused after all: it may be put right and sent again
        if isinstance(event, ev.AudioFrame):
            return self._send_audio(event, options, now_ms)
        message = render(event, options)
        if message is None:
            return None
        if not isinstance(event, UNNUMBERED):
            self._sn += 1
            message["sn"] = self._sn
        return msg.encode(message)

    def _send_audio(
        self, event: ev.AudioFrame, options: ev.SessionOptions, now_ms: int
    ) -> bytes | None:
        payload = encode(event.samples, options.output_codec)
        if not payload and not options.framed:
            return None  # without a header, an empty end says nothing
        self._sn += 1
        if not options.framed:
            return payload
        flags = _flags(event)
        return Frame(
            Kind.OUTPUT, flags, event.stream, self._sn, event.position, now_ms, payload
        ).pack()

    def aside(self, event: ev.ServerEvent, now_ms: int) -> list[str | bytes]:
        """Translate an event that takes no number."""
        message = render(event, self._options or ev.SessionOptions())
        return [] if message is None else [msg.encode(message)]

    def again(self, number: int, frame: ev.AudioFrame, now_ms: int) -> bytes:
        """Audio that was sent before, under the number that it had."""
        options = self._options or ev.SessionOptions()
        flags, payload = _flags(frame) | Flags.REPLAY, encode(frame.samples, options.output_codec)
        again = Frame(Kind.OUTPUT, flags, frame.stream, number, frame.position, now_ms, payload)
        return again.pack()


def _flags(frame: ev.AudioFrame) -> Flags:
    flags = Flags.START if frame.first else Flags.NONE
    return flags | Flags.END if frame.last else flags


def _resume(resume: msg.Resume) -> ev.ResumeAsked:
    lacking = resume.playback
    return ev.ResumeAsked(
        session=resume.session,
        secret=resume.token,
        last_number=resume.last_sn,
        played=(lacking.stream, lacking.pos) if lacking else None,
        required=resume.required,
        last_text=resume.last_text_sn,
    )


def _cancel(message: msg.Cancel) -> list[ev.ClientEvent]:
    events: list[ev.ClientEvent] = []
    if message.played:
        events.append(ev.PlaybackReported(message.played.stream, message.played.pos))
    if message.response is None:
        return [*events, ev.ReplyCancelled()]
    number = message.response.removeprefix("resp_")
    if not number.isdecimal():
        return [_refused("response: names look like resp_7", message.id)]
    return [*events, ev.ReplyCancelled(int(number))]


def _output_rate(codec: Codec, rates: list[int]) -> int:
    """The client's first rate that can be served. Raises `FormatError`."""
    if codec is not Codec.PCM_S16LE:
        return 8_000
    for rate in rates or RATES:
        if 8_000 <= rate <= 48_000:
            return rate
    raise FormatError(f"No output rate of {rates} is accepted: use 8000 to 48000 Hz.")


def config_of(config: msg.Config) -> ev.SessionConfig:
    """What the protocol's `config` object means."""
    return ev.SessionConfig(
        language=config.language,
        instructions=config.instructions,
        voice=config.voice,
        speed=config.speed,
        turn=config.turn,
        hints=config.hints,
        hot_words=None if config.hot_words is None else tuple(config.hot_words),
        answers=config.answers,
        speaks=_speaks(config.modalities),
        tools=_tools(config.tools),
        tool_choice=config.tool_choice,
        max_tokens=config.max_tokens,
        temperature=config.temperature,
    )


def _request(respond: msg.Respond) -> ev.ReplyRequested:
    return ev.ReplyRequested(
        instructions=respond.instructions,
        speaks=_speaks(respond.modalities),
        voice=respond.voice,
        tools=_tools(respond.tools),
        tool_choice=respond.tool_choice,
        max_tokens=respond.max_tokens,
        temperature=respond.temperature,
        aside=respond.aside,
        follows=respond.follows,
        tag=msg.encode(respond.metadata) if respond.metadata else "",
    )


def _speaks(modalities: list[Literal["audio", "text"]] | None) -> bool | None:
    return None if modalities is None else "audio" in modalities


def _tools(tools: list[msg.OfferedTool] | None) -> tuple[Tool, ...] | None:
    if tools is None:
        return None
    return tuple(Tool(tool.name, tool.description, tool.parameters) for tool in tools)


def _output(result: msg.ToolResult) -> str:
    """What the model reads: text as it is, everything else as JSON, a failure as a sentence."""
    if result.error is not None:
        return f"The tool failed: {result.error}"
    return result.output if isinstance(result.output, str) else msg.encode_value(result.output)


def _refused(message: str, id: str | None = None, *, fatal: bool = False) -> ev.MessageRefused:
    return ev.MessageRefused(
        ErrorCode.BAD_REQUEST, f"{message[0].upper()}{message[1:]}.", id, fatal
    )


def _unsupported(error: FormatError, id: str | None = None) -> ev.MessageRefused:
    return ev.MessageRefused(ErrorCode.UNSUPPORTED_FORMAT, str(error), id, fatal=True)
