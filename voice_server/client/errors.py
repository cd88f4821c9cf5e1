"""What can go wrong with a call. Every message is a sentence fit to show a user."""

from voice_server.closes import GOING_AWAY, NORMAL

NOT_SENT = 1006
"""The close code that stands for a connection that broke without one (RFC 6455, 7.4.1)."""


class CallError(Exception):
    """The base of all of them."""

    may_come_back = False
    """Whether trying again, later and without changes, can help."""
    retry_after_s = 0.0
    """The least time to wait before that."""


class BadAddress(CallError, ValueError):
    """What was given as the server's address is none."""


class BadCertificate(CallError):
    """The server's certificate is not believed, or the file that should vouch for it is useless."""


class ConnectionRefused(CallError):
    """Nobody answers at the address, or somebody else does."""

    may_come_back = True


class ConnectionLost(CallError):
    """The connection broke, or the server ended it for a reason that may pass."""

    may_come_back = True


class Unauthorized(CallError):
    """The server wants a key, or another one."""


class NotAllowed(CallError):
    """The server knows who this is; what they may use is used up, or something else is wanted."""


class ServerFull(CallError):
    """The server has no place just now."""

    may_come_back = True

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ProtocolError(CallError):
    """One side did not understand the other."""


class ReplyFailed(CallError):
    """The server understood, and could not do it."""


def refusal(status: int, retry_after: str | None, url: str) -> CallError:
    """What an HTTP status in place of the upgrade means. `retry_after` is the header."""
    if status == 401:
        return Unauthorized(f"{url} wants a key: pass the right one.")
    if status in (429, 503):
        wait_s = float(retry_after) if retry_after and retry_after.isdecimal() else 1.0
        return ServerFull(f"{url} is full. Try again in {wait_s:g} s.", wait_s)
    if status == 403:
        return NotAllowed(f"{url} does not allow this: use its own address, and another key.")
    error = ConnectionRefused(f"There is no voice-server at {url} (HTTP status {status}).")
    error.may_come_back = status >= 500
    return error


def ending(code: int | None, explanation: str) -> CallError | None:
    """What a close code means; None for an end in good order.

    40xx: come back; 45xx: do not (`closes`). `explanation` is what the server said before it.
    """
    code = NOT_SENT if code is None else code
    if code == NORMAL:
        return None
    said = explanation or f"The connection was lost (close code {code})."
    if code == 4501:
        return Unauthorized(said)
    if code in (4503, 4509, 4529):
        return NotAllowed(said)
    if code in (4029, 4053):
        return ServerFull(said)
    if 4000 <= code < 4500 or code in (GOING_AWAY, NOT_SENT, 1011, 1012, 1013):
        return ConnectionLost(said)
    return ProtocolError(said)
