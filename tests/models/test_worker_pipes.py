"""Messages over pipes: whole ones are answered, broken ones end it."""

import io
import os
import struct
import subprocess
import sys

import pytest

from models.worker_pipes import answer_all, send

pytestmark = pytest.mark.engine


def message(content: bytes) -> bytes:
    return struct.pack("<I", len(content)) + content


def test_each_request_is_answered_in_turn() -> None:
    answers = io.BytesIO()
    answer_all(io.BytesIO(message(b"one") + message(b"")), answers, lambda request: request * 2)
    assert answers.getvalue() == message(b"oneone") + message(b"")


@pytest.mark.parametrize("rest", [b"", b"\x05", message(b"hello")[:-1]])
def test_what_breaks_off_is_not_answered(rest: bytes) -> None:
    answers = io.BytesIO()
    answer_all(io.BytesIO(message(b"whole") + rest), answers, lambda request: request)
    assert answers.getvalue() == message(b"whole")


def test_what_libraries_print_does_not_get_between_messages() -> None:
    script = (
        "import os; from models.worker_pipes import own_pipes, send\n"
        "_, answers = own_pipes(); print('hello'); os.write(1, b'there'); send(answers, b'x')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, env={**os.environ}
    )
    assert done.stdout == message(b"x")
    assert b"there" in done.stderr


def test_a_message_says_how_long_it_is() -> None:
    pipe = io.BytesIO()
    send(pipe, b"abc")
    assert pipe.getvalue() == b"\x03\x00\x00\x00abc"
