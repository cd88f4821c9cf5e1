"""A step that Redis takes as a whole, written in Lua. Pure."""

import hashlib
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Script:
    """What Redis runs with nobody in between.

    `KEYS` and `ARGV` are its parameters. It answers with integers, strings, lists of them, or
    nothing (`false` becomes None); an error of any kind counts as a failure of the store.
    """

    name: str
    """For metrics and messages: one word."""
    lua: str

    @cached_property
    def digest(self) -> str:
        """What Redis calls a script that it knows: the SHA-1 of its text, in hex."""
        return hashlib.sha1(self.lua.encode(), usedforsecurity=False).hexdigest()
