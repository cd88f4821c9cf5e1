"""What a Whisper worker process is told and what it answers, as bytes (MessagePack). Pure.

Audio travels as the int16 samples that it is: a second is 32 KB.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from models.asr import RecognitionError, RecognitionOptions
from models.asr.decoding import Decoding, Stamp, Task

Outcome = Decoding | RecognitionError


class Hello(msgspec.Struct, frozen=True):
    """The first message of a worker: what it loaded, or why it could not."""

    languages: frozenset[str] = frozenset()
    n_mels: int = 0
    error: str = ""


class _Task(msgspec.Struct, frozen=True, array_like=True):
    audio: bytes
    start_ms: int
    options: RecognitionOptions
    beam_size: int
    second_try: bool
    stamp: Stamp


class _Outcome(msgspec.Struct, frozen=True, array_like=True):
    decoding: Decoding | None
    error: str = ""


def encode_tasks(tasks: Sequence[Task]) -> bytes:
    """Return a request."""
    return msgspec.msgpack.encode(
        [
            _Task(
                t.samples.astype("<i2").tobytes(),
                t.start_ms,
                t.options,
                t.beam_size,
                t.second_try,
                t.stamp,
            )
            for t in tasks
        ]
    )


def decode_tasks(request: bytes) -> list[Task]:
    """Return what `encode_tasks` was given. Raises `msgspec.DecodeError`."""
    return [
        Task(
            np.frombuffer(t.audio, "<i2").astype(np.int16),
            t.start_ms,
            t.options,
            t.beam_size,
            t.second_try,
            t.stamp,
        )
        for t in msgspec.msgpack.decode(request, type=list[_Task])
    ]


def encode_outcomes(outcomes: Sequence[Outcome]) -> bytes:
    """Return an answer."""
    return msgspec.msgpack.encode(
        [
            _Outcome(None, str(outcome))
            if isinstance(outcome, RecognitionError)
            else _Outcome(outcome)
            for outcome in outcomes
        ]
    )


def decode_outcomes(answer: bytes) -> list[Outcome]:
    """Return what `encode_outcomes` was given. Raises `msgspec.DecodeError`."""
    return [
        RecognitionError(outcome.error) if outcome.decoding is None else outcome.decoding
        for outcome in msgspec.msgpack.decode(answer, type=list[_Outcome])
    ]


def encode_hello(hello: Hello) -> bytes:
    """Return a worker's first message."""
    return msgspec.msgpack.encode(hello)


def decode_hello(message: bytes) -> Hello:
    """Return what `encode_hello` was given. Raises `msgspec.DecodeError`."""
    return msgspec.msgpack.decode(message, type=Hello)
