"""python raw_python.py question.raw answer.raw [URL]: 16 kHz signed 16-bit mono in and out."""

import json
import sys
from pathlib import Path

from websockets.sync.client import connect

question, answer, url = [*sys.argv[1:], "ws://localhost:8080/ws"][:3]
pcm, heard = Path(question).read_bytes() + bytes(32_000), b""  # a second of silence ends the turn
with connect(f"{url}?rate=16000&out_rate=16000") as server:
    for start in range(0, len(pcm), 32_000):
        server.send(pcm[start : start + 32_000])
    for message in server:
        if isinstance(message, bytes):
            heard += message
        elif (event := json.loads(message))["type"] == "transcript.final":
            print(event["text"])
        elif event["type"] == "audio.done":
            break
Path(answer).write_bytes(heard)
