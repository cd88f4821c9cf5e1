"""The child's end of a `WorkerProcess`: messages over standard input and output."""

import os
import struct
import sys
from collections.abc import Callable
from typing import BinaryIO

_LENGTH = struct.Struct("<I")


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return where requests come from and where answers go.

    What libraries print goes to standard error from now on: nothing may get between messages.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, answers


def send(pipe: BinaryIO, message: bytes) -> None:
    """Write one message."""
    pipe.write(_LENGTH.pack(len(message)) + message)
    pipe.flush()


def answer_all(requests: BinaryIO, answers: BinaryIO, handle: Callable[[bytes], bytes]) -> None:
    """Answer each request until the other side closes."""
    while len(head := requests.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        request = requests.read(length)
        if len(request) < length:
            return
        send(answers, handle(request))
