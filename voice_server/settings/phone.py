"""Telephone calls: who may call, how a call begins and ends, and where AudioSocket listens."""

from typing import Annotated, Literal

from pydantic import Field

from voice_server.settings.section import Milliseconds, Port, Seconds, Section


class PhoneSettings(Section):
    """Telephone calls, whatever the provider."""

    profile: Literal["phone", "none"] = "phone"
    """`phone`: turn-taking that suits a telephone line, where `turn` does not say otherwise."""
    token: str = Field(default="", repr=False)
    """Calls bring it as their parameter `token`; a key of `auth.keys` is as good."""
    twilio_auth_token: str = Field(default="", repr=False)
    """Twilio's requests must be signed with it, if it is set."""
    public_url: str = ""
    """How providers reach us, e.g. `https://voice.example`; unset: as they addressed us."""
    allowed_numbers: tuple[str, ...] = ()
    """Callers that `/twilio/voice` answers, e.g. `+4369912345678` or `+43*`; empty: everybody."""
    calls_max: Annotated[int, Field(ge=1)] = 50
    """Calls at once."""
    calls_waiting_max: Annotated[int, Field(ge=1)] = 20
    """Connections that have not said yet which call they are, and proved it."""
    call_s_max: Seconds = 1800.0
    """Then the farewell is spoken, and the call ended; 0 never."""
    lead_ms: Annotated[int, Field(ge=200, le=10_000)] = 1500
    """Audio that may wait in the provider's queue."""
    greeting: str = Field(default="", repr=False)
    """Spoken when a call begins; empty: `llm.greeting`, if there is one."""
    silence_s: Seconds = 20.0
    """When nobody has spoken for so long, the caller is asked; and then the call ended; 0 never."""
    silence_prompt: str = Field(default="Are you still there?", repr=False)
    farewell: str = Field(default="I can't hear you any more. Goodbye.", repr=False)
    filler: str = Field(default="One moment, please.", repr=False)
    """Spoken while an answer takes long; empty: never."""
    filler_ms: Milliseconds = 1500
    """How long an answer may take before that."""
    interrupt_digit: Literal["", "any", "*", "#"] = "any"
    """The key that stops an answer."""
    digits_text: str = "The caller pressed {digits} on the telephone."
    """How the language model reads the keys; empty: it does not."""
    digits_wait_ms: Annotated[int, Field(ge=100, le=10_000)] = 2000
    """After the last key the digits go to the language model; `#` sends them at once."""
    asterisk_url: str = ""
    """Asterisk's HTTP server, e.g. `http://127.0.0.1:8088`, to fetch calls that wait there."""
    asterisk_user: str = ""
    asterisk_password: str = Field(default="", repr=False)
    audiosocket: bool = False
    """Listen for Asterisk's AudioSocket. It knows no keys: keep it on a private network."""
    audiosocket_host: str = "127.0.0.1"
    audiosocket_port: Port = 9092
    audiosocket_peers: tuple[str, ...] = ()
    """Addresses or networks that may connect, e.g. `10.0.0.0/8`; needed beyond loopback."""
