"""From files, environment and command line to one validated tree."""

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnparsableVariable

from voice_server.settings.errors import SettingsError, nearest, sentences
from voice_server.settings.profiles import PROFILES
from voice_server.settings.tree import ENVIRONMENT_PREFIX, Settings

Tree = dict[str, Any]
"""Settings as nested tables of plain values, not yet validated."""

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def load(file: Path | None = None, assignments: Sequence[str] = ()) -> Settings:
    """Merge TOML file, environment and `section.key=value` assignments, and validate.

    Raises `SettingsError` with one sentence per problem.
    """
    _refuse_unknown_variables(os.environ)
    tree = assigned(assignments)
    try:
        settings = _with_file(file)(**tree)
        profile = PROFILES[settings.server.profile]
        return _with_file(file, profile)(**tree) if profile else settings
    except ValidationError as error:
        raise SettingsError(sentences(Settings, error)) from None
    except UnparsableVariable as error:
        raise SettingsError(
            f'{error}; in the environment, lists and tables are JSON, such as ["a", "b"]'
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not valid TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None


def assigned(assignments: Iterable[str]) -> Tree:
    """What `section.key=value` assignments say, later ones winning. Raises `SettingsError`."""
    return _merged(_parsed_assignment(text) for text in assignments)


def patched(section: AnyModel, patch: Mapping[str, Any]) -> AnyModel:
    """A copy of `section` with some keys replaced, validated. Raises `SettingsError`."""
    try:
        return type(section).model_validate({**section.model_dump(), **patch})
    except ValidationError as error:
        raise SettingsError(sentences(type(section), error)) from None


def _with_file(file: Path | None, profile: Tree | None = None) -> type[Settings]:
    """`Settings` that also reads a TOML file, below the environment, and a profile below that."""
    if file is not None and not file.is_file():
        raise SettingsError(f"{file}: no such settings file")

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            below: list[PydanticBaseSettingsSource] = []
            if file is not None:
                below.append(TomlConfigSettingsSource(settings_cls, file))
            if profile:
                below.append(InitSettingsSource(settings_cls, profile))
            return init_settings, env_settings, *below

    return FromFile


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """pydantic-settings skips variables whose section it does not know; a typo must not pass."""
    for name in environment:
        if not name.upper().startswith(ENVIRONMENT_PREFIX):
            continue
        section = name[len(ENVIRONMENT_PREFIX) :].split("__")[0].lower()
        if section not in Settings.model_fields:
            hint = nearest(section, Settings.model_fields)
            raise SettingsError(f"{name}: no settings section {section!r}{hint}")


def _parsed_assignment(text: str) -> Tree:
    """`turn.silence_ms=400` as nested tables; the value is TOML, or else a plain string."""
    key, equals, value = text.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise SettingsError(f"{key!r}: write section.key=value")
    tree: Any = _parsed_value(value)
    for part in reversed(parts):
        tree = {part: tree}
    return dict(tree)


def _parsed_value(text: str) -> object:
    try:
        tree = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return tree["value"] if len(tree) == 1 else text


def _merged(trees: Iterable[Tree]) -> Tree:
    """Later trees win, key by key."""
    merged: Tree = {}
    for tree in trees:
        _merge(merged, tree)
    return merged


def _merge(into: Tree, tree: Tree) -> None:
    for key, value in tree.items():
        here = into.get(key)
        if isinstance(value, dict) and isinstance(here, dict):
            _merge(here, value)
        else:
            into[key] = value
