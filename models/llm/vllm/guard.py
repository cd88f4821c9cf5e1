"""Runs a command in a process group of its own, and ends the whole group with whoever asked for it.

Called as a script: `python guard.py GRACE_S COMMAND …`, with a pipe as standard input. The pipe is
the promise: when it closes, because its owner closed it or died in whatever way, the group gets
SIGTERM, and SIGKILL after GRACE_S seconds. When the command ends by itself, what it left behind is
killed, and its exit status is passed on. vLLM needs this: its engine outlives its killed server,
and keeps the GPU's memory. Nothing but the standard library, so that it starts at once.
"""

import os
import signal
import subprocess
import sys
import threading
from types import FrameType

_PROMISE = 0
"""The file descriptor of the owner's pipe."""

_USAGE = "usage: guard.py GRACE_S COMMAND ..."


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status, or 128 and the signal that ended it."""
    if len(arguments) < 2:
        print(_USAGE, file=sys.stderr)  # noqa: T201 - a script of its own
        return 2
    grace_s, line = float(arguments[0]), arguments[1:]
    try:
        child = subprocess.Popen(line, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{line[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201 - a script of its own
        return 127

    def end(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=end_group, args=(child, grace_s), daemon=True).start()

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=_end_with_owner, args=(child, grace_s), daemon=True).start()
    status = child.wait()
    _signal_group(child.pid, signal.SIGKILL)
    return status if status >= 0 else 128 - status


def end_group(child: "subprocess.Popen[bytes]", grace_s: float) -> None:
    """Ask the group to end, and make it end when the time is up."""
    _signal_group(child.pid, signal.SIGTERM)
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        _signal_group(child.pid, signal.SIGKILL)


def _end_with_owner(child: "subprocess.Popen[bytes]", grace_s: float) -> None:
    # Not through sys.stdin: its lock would be held while the interpreter shuts down.
    while os.read(_PROMISE, 1):
        pass
    end_group(child, grace_s)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        """Everybody is gone, or what is left is not ours."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
