"""What a stand-in for the server answers to `hello`, for tests of clients."""

READY = {
    "type": "ready",
    "session": "ses_1",
    "mode": "conversation",
    "audio": {
        "framing": "framed",
        "input": {"codec": "pcm_s16le", "rate": 16_000},
        "output": {"codec": "pcm_s16le", "rate": 24_000},
    },
}
