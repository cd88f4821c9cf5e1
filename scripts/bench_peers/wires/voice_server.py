"""Ours: the native protocol, transcription only (PROTOCOL.md)."""

import json
from collections.abc import Sequence

from audio import Samples
from scripts.bench_peers.heard import Shown
from scripts.bench_peers.wires import Message

HELLO = {
    "type": "hello",
    "mode": "transcription",
    "audio": {"framing": "raw", "input": {"codec": "pcm_s16le", "rate": 16_000}},
    "features": ["partials"],
    "config": {"language": "en"},
}


class VoiceServer:
    """See `Wire`. Sentences of one utterance may come as several finals."""

    path = "/v1/voice"
    frame_ms = 20
    silence_s = 2.0

    def __init__(self) -> None:
        self._finals: list[str] = []

    def hello(self) -> Sequence[Message]:
        """See `Wire`."""
        return [json.dumps(HELLO)]

    def is_ready(self, message: Message) -> bool:
        """See `Wire`."""
        return isinstance(message, str) and json.loads(message)["type"] == "ready"

    def audio(self, samples: Samples) -> Message:
        """See `Wire`."""
        return samples.tobytes()

    def goodbye(self) -> Sequence[Message]:
        """Nothing is left to hear: its finals came in the silence."""
        return [json.dumps({"type": "bye"})]

    def take(self, message: Message) -> Shown | None:
        """See `Wire`."""
        said = json.loads(message) if isinstance(message, str) else {}
        match said.get("type"):
            case "transcript.partial":
                return Shown(self._with(said["stable"], said["unstable"]))
            case "transcript.final":
                self._finals.append(said["text"])
                return Shown(self._with(), final=True)
        return None

    def _with(self, *volatile: str) -> str:
        return " ".join(" ".join([*self._finals, *volatile]).split())
