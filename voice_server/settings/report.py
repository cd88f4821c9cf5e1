"""The effective settings as TOML, each with where its value came from."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource

from voice_server.settings import Settings, Tree, assigned, load
from voice_server.settings.errors import SECRETS
from voice_server.settings.profiles import PROFILES

HIDDEN = '"[hidden]"'


def report(file: Path | None, assignments: Sequence[str]) -> str:
    """All settings, a section per table, the source of each value behind it. Secrets are hidden.

    Raises `SettingsError`.
    """
    settings = load(file, assignments)
    sources = {
        "command line": assigned(assignments),
        "environment": EnvSettingsSource(Settings)(),
        f"file {file}": {} if file is None else TomlConfigSettingsSource(Settings, file)(),
        f"profile {settings.server.profile}": PROFILES[settings.server.profile],
    }
    return "\n".join(_section(settings, (), sources)).strip() + "\n"


def _section(
    section: BaseModel, path: tuple[str, ...], sources: Mapping[str, Tree]
) -> Iterator[str]:
    if path:
        yield f"\n[{'.'.join(path)}]"
    tables = []
    for name, value in section:
        if isinstance(value, BaseModel):
            tables.append((value, (*path, name)))
        else:
            yield _line((*path, name), value, sources)
    for table, place in tables:
        yield from _section(table, place, sources)


def _line(path: tuple[str, ...], value: object, sources: Mapping[str, Tree]) -> str:
    origin = next((name for name, tree in sources.items() if _holds(tree, path)), "default")
    shown = HIDDEN if value and SECRETS.intersection(path) else _toml(value)
    line = f"{path[-1]} = {shown}" if value is not None else f"# {path[-1]} is unset"
    return f"{line:<44} # {origin}" if value is not None else line


def _holds(tree: Mapping[str, object], path: Sequence[str]) -> bool:
    """Whether a source says anything about this key. Sources may spell it in any case."""
    lowered = {key.lower(): value for key, value in tree.items()}
    if path[0] not in lowered:
        return False
    rest = lowered[path[0]]
    return len(path) == 1 or (isinstance(rest, Mapping) and _holds(rest, path[1:]))


def _pair(name: str, value: object) -> str:
    return f"{name} = {HIDDEN if value and name in SECRETS else _toml(value)}"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, BaseModel):
        return f"{{{', '.join(_pair(name, item) for name, item in value)}}}"
    if isinstance(value, Mapping):
        pairs = (f"{_toml(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)
