"""Who may call, and how a call's session is opened. Pure.

Telephone peers cannot send the header that other clients show their key in. A call has proved
itself before the upgrade (a signature, a password, a key in the URL: `vouched`), or brings the
token among its parameters, or the server asks nobody for a key.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from audio.formats import AudioFormat, Codec
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.settings import PhoneSettings, Settings, TurnSettings
from voice_server.wires.phone import CallStarted

PROFILE: Mapping[str, object] = {
    "onset_ms": 80,
    "silence_ms": 600,
    "silence_ms_min": 300,
    "silence_ms_max": 1600,
    "soft_silence_ms": 120,
    "speech_ms_min": 120,
    "interrupt_onset_ms": 60,
    "interrupt_words_ms": 250,
    "interrupt_ms": 700,
    "stall_ms": 400,
}
"""Turn-taking on a line with 8 kHz, 20 ms frames, noise, and silence that may not be sent."""

CODECS = {
    "audio/x-mulaw": Codec.PCMU,
    "ulaw": Codec.PCMU,
    "pcmu": Codec.PCMU,
    "alaw": Codec.PCMA,
    "pcma": Codec.PCMA,
    "l16": Codec.PCM_S16LE,
    "audio/l16": Codec.PCM_S16LE,
}
"""What peers call the codecs."""

NAME_CHARS_MAX = 64
PARAMETER_CHARS_MAX = 4096


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """What holds for one call."""

    phone: PhoneSettings
    turn: Mapping[str, object]
    """The patch to the server's turn settings."""
    secrets: tuple[str, ...] = field(repr=False)
    """What `token` may be; none: nobody is asked."""
    vouched: bool = False

    def refusal(self, started: CallStarted) -> ev.MessageRefused | None:
        """Why this call is not taken, if it is not."""
        if self.vouched or not self.secrets:
            return None
        if matches(started.parameters.get("token", ""), self.secrets):
            return None
        message = "The call brings no valid token: set the parameter token to phone.token."
        return ev.MessageRefused(ErrorCode.UNAUTHORIZED, message, fatal=True)

    def options(
        self, peer: str, started: CallStarted, features: Iterable[str]
    ) -> ev.SessionOptions:
        """The session of a call, as its parameters want it."""
        wanted = started.parameters
        return ev.SessionOptions(
            input=started.format,
            output_codec=started.format.codec,
            output_rate=started.format.rate,
            framed=False,
            lead_ms_max=self.phone.lead_ms,
            playback_reports=True,
            features=frozenset(features),
            greeting=_chosen(wanted, "greeting") or self.phone.greeting,
            config=ev.SessionConfig(
                language=_chosen(wanted, "language"),
                voice=_chosen(wanted, "voice"),
                instructions=_chosen(wanted, "instructions"),
                turn=self.turn,
            ),
            client=call_name(peer, started.call),
        )


def call_policy(settings: Settings, *, vouched: bool) -> CallPolicy:
    """The policy that the settings make."""
    phone = settings.phone
    tokens = (phone.token,) if phone.token else ()
    return CallPolicy(phone, _turn_patch(settings), (*tokens, *settings.auth.keys), vouched)


def _turn_patch(settings: Settings) -> dict[str, object]:
    """The profile, except where the operator has chosen something else than the default."""
    default, turn = TurnSettings(), settings.turn
    chosen = {
        key for key in TurnSettings.model_fields if getattr(turn, key) != getattr(default, key)
    }
    profile = PROFILE if settings.phone.profile == "phone" else {}
    patch = {key: value for key, value in profile.items() if key not in chosen}
    if turn.wake_phrases:
        patch["wake_phrases"] = ()  # whoever calls has dialled already
    if "user_idle_ms" not in chosen:
        patch["user_idle_ms"] = int(settings.phone.silence_s * 1000)
    return patch


def matches(offered: str, secrets: Iterable[str]) -> bool:
    """Whether it is one of the secrets; takes as long whichever it is not."""
    digest = _digest(offered)
    return sum(hmac.compare_digest(digest, _digest(secret)) for secret in secrets) > 0


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def call_name(peer: str, call: str) -> str:
    """A call's name, fit for a line of the log."""
    plain = "".join(char for char in call[:NAME_CHARS_MAX] if char.isascii() and char.isprintable())
    return f"{peer} {plain}".strip()


def number_allowed(number: str, allowed: Iterable[str]) -> bool:
    """Whether a caller is answered; no list means everybody, and `*` ends a prefix."""
    patterns = list(allowed)
    return not patterns or any(
        number.startswith(pattern[:-1]) if pattern.endswith("*") else number == pattern
        for pattern in patterns
    )


def _chosen(parameters: Mapping[str, str], name: str) -> str | None:
    """An empty parameter is one that was not set."""
    return parameters.get(name, "")[:PARAMETER_CHARS_MAX] or None


def telephone_format(codec: str, rate: int) -> AudioFormat:
    """The format that a peer names in its own way. Raises `FormatError` with what is accepted."""
    return AudioFormat(Codec(CODECS.get(codec.lower(), codec)), rate)
