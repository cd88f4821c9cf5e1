"""How a call begins: the address of the socket and the first message. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from voice_server import __version__
from voice_server.client.errors import BadAddress

DEFAULT_URL = "http://127.0.0.1:8080/"
FEATURES = ("partials", "marks", "word_times", "state", "metrics", "pause")
LEAD_MS = 2000
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_PATH = "/v1/voice"

Mode = Literal["conversation", "transcription", "tts"]
TurnSetting = str | int | float | bool | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class CallOptions:
    """Everything that a call asks of the server."""

    mode: Mode = "conversation"
    voice: str | None = None
    language: str | None = None
    """BCP 47, such as `en`; None lets the server decide."""
    instructions: str | None = field(default=None, repr=False)
    speed: float | None = None
    hot_words: tuple[str, ...] = field(default=(), repr=False)
    """Names and terms that the recogniser should expect."""
    turn: Mapping[str, TurnSetting] = field(default_factory=dict)
    """A patch of the server's turn settings."""
    input_rate: int = 16_000
    """Hertz of what `send_audio` gets; 8 to 48 kHz."""
    output_rate: int = 24_000
    """Hertz of what `Audio` events hold."""
    playback_reports: bool = False
    """Whether `Call.played` will say what was heard; without, the server estimates."""
    echo_cancelled: bool = True
    """False where the microphone hears the loudspeaker: the server then minds its own words."""
    features: tuple[str, ...] = FEATURES

    @property
    def config(self) -> dict[str, Any]:
        """What `config.update` could change, as far as it is set."""
        given = {
            "voice": self.voice,
            "language": self.language,
            "instructions": self.instructions,
            "speed": self.speed,
            "hot_words": list(self.hot_words),
            "turn": dict(self.turn),
        }
        return {key: value for key, value in given.items() if value}


def hello(
    options: CallOptions,
    config: Mapping[str, Any],
    features: tuple[str, ...] = (),
    resume: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The first message; `config` is that of the options, or what has become of it since.

    `features`: further ones; `resume`: which session to go on with.
    """
    return {
        "type": "hello",
        "protocol": 1,
        "client": {"name": "voice-server-python", "version": __version__},
        "mode": options.mode,
        "audio": {
            "framing": "framed",
            "input": {"codec": "pcm_s16le", "rate": options.input_rate, "channels": 1},
            "output": {
                "codec": "pcm_s16le",
                "rates": [options.output_rate],
                "max_lead_ms": LEAD_MS,
            },
        },
        "playback": {
            "reports": options.playback_reports,
            "echo_cancelled": options.echo_cancelled,
        },
        "features": [*options.features, *features],
        "config": dict(config),
        **({"resume": dict(resume)} if resume else {}),
    }


def voice_url(address: str) -> str:
    """The socket's address: of a page (`http://host:8080/`), of a socket, or of `host:8080`.

    Raises `BadAddress`.
    """
    try:
        parts = urlsplit(address if "//" in address else f"http://{address}")
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    scheme = _SCHEMES.get(parts.scheme) if named else None
    if scheme is None:
        raise BadAddress(f"{address!r} is no address of a server; it looks like {DEFAULT_URL}")
    path = parts.path.rstrip("/")
    return urlunsplit(
        (scheme, parts.netloc, path if path.endswith(_PATH) else path + _PATH, "", "")
    )
