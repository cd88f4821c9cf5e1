"""WhisperLiveKit's `/asr`: raw samples in; lines, and a buffer that may still change, out."""

import json
from collections.abc import Sequence
from dataclasses import replace

from audio import Samples
from scripts.bench_peers.heard import Shown
from scripts.bench_peers.wires import Message


class WhisperLiveKit:
    """See `Wire`. Started with `--pcm-input`."""

    path = "/asr"
    frame_ms = 20
    silence_s = 2.0

    def __init__(self) -> None:
        self._shown = Shown("")

    def hello(self) -> Sequence[Message]:
        """See `Wire`."""
        return []

    def is_ready(self, message: Message) -> bool:
        """See `Wire`."""
        return json.loads(message).get("type") == "config"

    def audio(self, samples: Samples) -> Message:
        """See `Wire`."""
        return samples.tobytes()

    def goodbye(self) -> Sequence[Message]:
        """An empty message ends the stream."""
        return [b""]

    def take(self, message: Message) -> Shown | None:
        """See `Wire`."""
        said = json.loads(message)
        if said.get("type") == "ready_to_stop":
            return replace(self._shown, last=True)
        if "lines" not in said:
            return None
        lines = " ".join((line.get("text") or "").strip() for line in said["lines"]).strip()
        volatile = (said.get("buffer_transcription") or "").strip()
        self._shown = Shown(f"{lines} {volatile}".strip(), final=bool(lines) and not volatile)
        return self._shown
