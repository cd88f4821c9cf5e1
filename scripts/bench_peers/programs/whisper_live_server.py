"""WhisperLive's server on loopback; its own launcher listens on every address.

Usage, in WhisperLive's environment: python whisper_live_server.py PORT MODEL_FOLDER plain|batch
"""

import sys

from whisper_live.server import TranscriptionServer

CLIENTS_MAX = 1000
"""So that load is refused by nobody's counting."""


def main(port: int, model: str, mode: str) -> None:
    """Serve until killed."""
    batch = {"batch_enabled": True, "batch_max_admissions_per_s": 1000.0} if mode == "batch" else {}
    TranscriptionServer().run(
        "127.0.0.1",
        port=port,
        backend="faster_whisper",
        faster_whisper_custom_model_path=model,
        single_model=True,
        max_clients=CLIENTS_MAX,
        **batch,
    )


main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
