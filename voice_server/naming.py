"""Ids that both the conversation and its wires can tell, from numbers they share. Pure.

They carry a part of the session's id, so that a client may bring them along into another session.
"""

SESSION_CHARS = 8


def turn_item(session: str, turn: int) -> str:
    """The item of what the user said in a turn."""
    return f"item_{_part(session)}_u{turn}"


def reply_item(session: str, reply: int) -> str:
    """The item of what the assistant said in a reply."""
    return f"item_{_part(session)}_a{reply}"


def other_item(session: str, number: int) -> str:
    """The item of something else."""
    return f"item_{_part(session)}_x{number}"


def _part(session: str) -> str:
    return session[-SESSION_CHARS:]
