"""Writes REFERENCE.md from the code: every setting, every error code, both state machines.

Usage: scripts/tables [--check]      --check only says whether it is up to date.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from voice_server.closes import CLOSES
from voice_server.conversation.turns import FLOOR_TRANSITIONS, USER_TRANSITIONS, Floor, User
from voice_server.settings import Settings

REFERENCE = Path(__file__).parent.parent / "REFERENCE.md"

UNITS = {"_ms": "Milliseconds.", "_s": "Seconds.", "_bytes": "Bytes."}
"""What the name says where no docstring says more."""

HEAD = """# Reference

Written by `scripts/tables` from `voice_server/settings`, `closes.py` and `conversation/turns.py`.

## Settings

A TOML file (`--config FILE`) < environment (`VOICE_SERVER_TURN__SILENCE_MS=400`) < command line
(`--set turn.silence_ms=400`). An unknown key is refused with the nearest name.
"""

ERRORS_HEAD = """
## Errors

A close is always explained first by an `error` event with the same code. After 40xx come back, with
back-off; after 45xx do not.

| code | HTTP status | close code |
|---|---|---|
"""

MACHINES_HEAD = """
## Turn-taking

The two machines of `voice_server/conversation/turns.py`, drawn from its transition tables.
"""


def attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """The string under each attribute, on one line."""
    body = ast.parse(inspect.getsource(model)).body[0]
    assert isinstance(body, ast.ClassDef)
    docs = {}
    for field, after in zip(body.body, body.body[1:], strict=False):
        match field, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[name] = " ".join(text.split())
    return docs


def limits(field: FieldInfo) -> dict[str, float]:
    """`{"ge": 0, "le": 2}`, also where the limits sit inside `… | None`."""
    inside = (getattr(part, "__metadata__", ()) for part in get_args(field.annotation))
    marks = [*field.metadata, *(mark for marks in inside for mark in marks)]
    marks += [deeper for mark in marks for deeper in getattr(mark, "metadata", ())]
    names = ("ge", "gt", "le", "lt")
    return {name: getattr(mark, name) for mark in marks for name in names if hasattr(mark, name)}


def allowed(field: FieldInfo) -> str:
    """Range or choices, as a reader would write them."""
    choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    bounds = limits(field)
    if bounds.keys() == {"ge", "le"}:
        return f"{bounds['ge']} – {bounds['le']}"
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return ", ".join(f"{signs[name]} {bound}" for name, bound in bounds.items())


def default(field: FieldInfo) -> str:
    """The value as TOML would have it, near enough to copy."""
    value = field.default
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def meaning(name: str, docs: dict[str, str]) -> str:
    """The docstring, or what the last word of the name says."""
    bare = name.removesuffix("_max").removesuffix("_min")
    unit = next((text for suffix, text in UNITS.items() if bare.endswith(suffix)), "")
    return docs.get(name, unit).replace("|", "\\|")


def settings_tables(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """One heading and table per section, depth first."""
    docs = attribute_docs(model)
    sections = {
        name: field.default
        for name, field in model.model_fields.items()
        if isinstance(field.default, BaseModel)
    }
    if path:
        yield f"\n### {path}\n\n{inspect.getdoc(model)}\n\n"
        yield "| key | default | allowed | meaning |\n|---|---|---|---|\n"
    for name, field in model.model_fields.items():
        if name not in sections:
            row = (f"`{path}.{name}`", default(field), allowed(field), meaning(name, docs))
            yield f"| {' | '.join(row)} |\n"
    for name, section in sections.items():
        yield from settings_tables(type(section), f"{path}.{name}".lstrip("."))


State = TypeVar("State", bound=Enum)


def machine(title: str, start: State, transitions: Mapping[State, frozenset[State]]) -> str:
    """A Mermaid state diagram."""
    arrows = [
        f"    {state.name} --> {after.name}\n"
        for state, afters in transitions.items()
        for after in sorted(afters, key=lambda one: one.name)
    ]
    head = f"\n### {title}\n\n```mermaid\nstateDiagram-v2\n    [*] --> {start.name}\n"
    return head + "".join(arrows) + "```\n"


def reference() -> str:
    """The whole file."""
    errors = (f"| `{code}` | {to.http_status} | {to.code} |\n" for code, to in CLOSES.items())
    machines = (
        machine("The user", User.SILENT, USER_TRANSITIONS),
        machine("The floor", Floor.FREE, FLOOR_TRANSITIONS),
    )
    return "".join(
        (HEAD, *settings_tables(Settings), ERRORS_HEAD, *errors, MACHINES_HEAD, *machines)
    )


def main() -> int:
    """Write the file, or with --check compare it."""
    if sys.argv[1:] == ["--check"]:
        fresh = REFERENCE.is_file() and REFERENCE.read_text() == reference()
        if not fresh:
            print("REFERENCE.md is out of date; run: scripts/tables")
        return 0 if fresh else 1
    if sys.argv[1:]:
        print(__doc__)
        return 2
    REFERENCE.write_text(reference())
    return 0


if __name__ == "__main__":
    sys.exit(main())
