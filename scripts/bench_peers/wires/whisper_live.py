"""WhisperLive's protocol: float samples in, the newest segments out, each completed or not."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from audio import Samples
from scripts.bench_peers.heard import Shown
from scripts.bench_peers.wires import Message


class WhisperLive:
    """See `Wire`. `options` are the client's, as in its `TranscriptionClient`."""

    path = "/"
    frame_ms = 100
    silence_s = 2.0

    def __init__(self, options: Mapping[str, object]) -> None:
        self._options = options

    def hello(self) -> Sequence[Message]:
        """See `Wire`."""
        asked = {"uid": "bench", "language": "en", "task": "transcribe", "model": "custom"}
        return [json.dumps({**asked, "use_vad": True, **self._options})]

    def is_ready(self, message: Message) -> bool:
        """See `Wire`. Raises `ConnectionRefusedError` where it is full."""
        said = json.loads(message)
        if said.get("status") in ("WAIT", "ERROR"):
            raise ConnectionRefusedError(str(said))
        return bool(said.get("message") == "SERVER_READY")

    def audio(self, samples: Samples) -> Message:
        """See `Wire`."""
        return (samples.astype(np.float32) / 32_768).tobytes()

    def goodbye(self) -> Sequence[Message]:
        """The end of the audio; whatever it has not shown by then is lost."""
        return [b"END_OF_AUDIO"]

    def take(self, message: Message) -> Shown | None:
        """See `Wire`."""
        segments = json.loads(message).get("segments")
        if segments is None:
            return None
        text = " ".join(segment["text"].strip() for segment in segments)
        return Shown(text.strip(), final=all(segment["completed"] for segment in segments))
