"""A worker process that says what it is told; `die` and `boast` make it misbehave."""

import os
import struct
import sys

from models.worker_pipes import answer_all, own_pipes, send


def main() -> None:
    """Say the first argument, then repeat."""
    requests, answers = own_pipes()
    send(answers, sys.argv[1].encode())

    def answer(request: bytes) -> bytes:
        if request == b"die":
            os._exit(1)
        if request == b"boast":
            answers.write(struct.pack("<I", 2**32 - 1))
        return request

    answer_all(requests, answers, answer)


if __name__ == "__main__":
    main()
