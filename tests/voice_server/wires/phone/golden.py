"""Golden sequences: what a peer sends and is sent, in files that read like a log of the socket.

A line `> text` came from the peer, `< text` was sent to it; `>b 160` are as many bytes of silence.
A line `! name` is something that the session tells, by its name in `EVENTS`.
"""

from pathlib import Path

import numpy as np

from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.wires.phone.call import PhoneWire

FOLDER = Path(__file__).parent / "golden"


def frame(stream: int, position: int, count: int, *, last: bool = False) -> ev.AudioFrame:
    """A piece of a reply that is silent."""
    samples = np.zeros(count, np.int16)
    return ev.AudioFrame(stream, position, samples, first=not position, last=last)


def told(words: list[str]) -> ev.ServerEvent:
    """An event as a golden file writes it: a name and numbers."""
    name, *rest = words
    numbers = [int(word) for word in rest if word.isdecimal()]
    match name:
        case "frame":
            stream, position, count = numbers
            return frame(stream, position, count, last="last" in rest)
        case "paused":
            return ev.PlaybackPaused(numbers[0])
        case "resumed":
            return ev.PlaybackResumed(numbers[0])
        case "stopped":
            return ev.PlaybackStopped(numbers[0], "barge_in")
        case "level":
            return ev.LevelMeasured(-40.0, False)
        case "fatal":
            return ev.ErrorRaised(ErrorCode.INTERNAL, "Something went wrong.", fatal=True)
        case other:
            raise AssertionError(f"golden files know no {other}")


def replay(name: str, wire: PhoneWire) -> tuple[list[str], list[str]]:
    """Play a golden file; returns it, and what the wire made of it, both line by line.

    Events for the session are written as `= name`, with what matters of them.
    """
    wanted = (FOLDER / f"{name}.txt").read_text().splitlines()
    made: list[str] = []
    for line in wanted:
        kind, _, text = line.partition(" ")
        if kind in (">", ">b", ">x"):
            made.append(line)
            made += [f"= {_event(event)}" for event in wire.receive(_message(kind, text))]
        elif kind == "!":
            made.append(line)
            made += [_sent(message) for message in wire.send(told(text.split()), 0)]
    return wanted, made


def _message(kind: str, text: str) -> str | bytes:
    if kind == ">b":
        return bytes(int(text))
    return bytes.fromhex(text) if kind == ">x" else text


def _sent(message: str | bytes) -> str:
    if isinstance(message, str):
        return f"< {message}"
    return f"<b {len(message)} {message[:3].hex()}"


def _event(event: ev.ClientEvent) -> str:
    match event:
        case ev.SessionOpened(options):
            format = options.input
            return f"opened {options.client} {format.codec} {format.rate} {options.config.language}"
        case ev.AudioReceived(data):
            return f"audio {len(data)}"
        case ev.AudioMissed(samples):
            return f"silence {samples}"
        case ev.PlaybackReported(stream, position, state):
            return f"heard {stream} {position} {state}"
        case ev.DigitPressed(digit):
            return f"digit {digit}"
        case ev.MessageRefused(code, message):
            return f"refused {code} {message}"
        case ev.SessionEnded():
            return "ended"
        case ev.ReplyCancelled():
            return "cancel"
        case ev.TextReceived():
            return "text"
        case other:
            raise AssertionError(other)
