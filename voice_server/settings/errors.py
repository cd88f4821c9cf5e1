"""Turns what is wrong with a setting into a sentence that says what would be right.

Never shows what was tried in place of a secret: the sentence may end up in a log.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

SECRETS = frozenset({"keys", "secret", "api_key", "url"})
"""Keys whose values are never shown, nor anything that was tried in their place. A URL may carry a
password."""

_COMPLAINTS = {
    "model_type": "this is a section, write section.key=value",
    "tuple_type": 'a list is expected, such as ["a", "b"]',
}
"""Plain words for the validation errors whose own speak of Python."""


class SettingsError(ValueError):
    """A setting cannot be used; the message names it, its range or its nearest name."""


def sentences(model: type[BaseModel], error: ValidationError) -> str:
    """All problems of a settings tree of type `model`, one sentence a line."""
    return "\n".join(_sentence(model, details) for details in error.errors())


def _sentence(model: type[BaseModel], details: ErrorDetails) -> str:
    """One validation problem in words: the key, what is wrong, what would be right."""
    path = [str(part) for part in details["loc"]]
    key = ".".join(path)
    if details["type"] == "extra_forbidden":
        return f"{key}: no such setting{nearest(path[-1], _fields_at(model, path[:-1]))}"
    message = details["msg"].removeprefix("Value error, ").lower()
    complaint = _COMPLAINTS.get(details["type"], message)
    # A whole section may hold a secret, or have been confused with one.
    whole_section = details["type"] == "model_type" or isinstance(details["input"], dict)
    if whole_section or SECRETS.intersection(path):
        return f"{key}: {complaint}"
    return f"{key}: {complaint}, not {details['input']!r}"


def _fields_at(model: type[BaseModel], path: Sequence[str]) -> Iterable[str]:
    for part in path:
        annotation = model.model_fields[part].annotation
        candidates = [annotation, *get_args(annotation)]
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return model.model_fields


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the known one most like it, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(names)}"
