"""The server: links move bytes, wires turn them into events, a session holds a conversation.

Reading order: `events`, `turns`, `session`, `reply`, `wires.voice_v1`, `links.websocket`, `app`.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("voice-server")
except PackageNotFoundError:  # imported from a checkout that was never installed
    __version__ = "0+unknown"
