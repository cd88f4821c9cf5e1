"""`voice-server models`: what there is, what is here, and how it gets here and away again.

Exit codes: 0, all is well; 1, not here or damaged; 2, it cannot be done, and stderr says why.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voice_server.commands.explained import (
    EXIT_MISSING,
    EXIT_UNUSABLE,
    ConfigOption,
    OfflineOption,
    SetOption,
    as_assignments,
    explained,
)

if TYPE_CHECKING:
    from models.catalog import Model
    from models.hub import Hub

model_commands = typer.Typer(
    name="models",
    help="Models: which there are, fetching, checking and removing them.",
    no_args_is_help=True,
)

NamesArgument = Annotated[
    list[str], typer.Argument(metavar="NAME…", help="As `models list` shows it, or owner/name.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]


@model_commands.command("list")
def list_models(
    *,
    here: Annotated[bool, typer.Option("--here", help="Only those on this machine.")] = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every model that is known by name: kind, size, languages, licence, and where it is."""
    from models.catalog import all_models  # noqa: PLC0415
    from voice_server.commands.model_table import as_table, described  # noqa: PLC0415

    with explained():
        hub = _hub(config, assignments)
        rows = [described(model, hub.find(model)) for model in all_models().values()]
    rows = [row for row in rows if row["path"] or not here]
    typer.echo(json.dumps(rows, indent=2) if as_json else as_table(rows), nl=as_json)


@model_commands.command("path")
def show_path(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    config: ConfigOption = None,
    assignments: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print where a model is on this machine. Exit code 1 if it is not here."""
    with explained():
        hub = _hub(config, assignments)
        (model,) = _models([name])
        path = hub.find(model)
    if as_json:
        typer.echo(json.dumps({"name": name, "path": str(path) if path else None}))
    elif path:
        typer.echo(path)
    if path is None:
        typer.echo(f"{name} is not here: `voice-server models pull {name}` fetches it.", err=True)
        raise typer.Exit(EXIT_MISSING)


@model_commands.command("pull")
def pull(
    *,
    names: NamesArgument,
    config: ConfigOption = None,
    offline: OfflineOption = None,
    assignments: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch models, several at once, and check every byte. What was cut goes on where it stopped.

    HF_ENDPOINT names a mirror, HF_TOKEN or `hf auth login` opens gated models, HTTPS_PROXY is used.
    """
    with explained():
        hub = _hub(config, assignments, offline)
        models = _models(names)
        results = asyncio.run(_pulled(hub, models))
        _tell(results, as_json=as_json)
        if any("error" in result for result in results):
            raise typer.Exit(EXIT_UNUSABLE)


@model_commands.command("verify")
def verify(
    *,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME…]", help="None: all that are here.")
    ] = None,
    config: ConfigOption = None,
    offline: OfflineOption = None,
    assignments: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare models with the digests that were published with them.

    The hub is asked only about files that came without.
    """
    from models.catalog import all_models, name_of  # noqa: PLC0415

    with explained():
        hub = _hub(config, assignments, offline)
        wanted = _models(names) if names else list(all_models().values())
        found = [(model, hub.find(model)) for model in wanted]
        results = [
            _verified(hub, model, path) if path else {"name": name_of(model), "state": "missing"}
            for model, path in found
            if path or names
        ]
    _tell(results, as_json=as_json)
    if any(result["state"] in ("damaged", "missing") for result in results):
        raise typer.Exit(EXIT_MISSING)


@model_commands.command("remove")
def remove(
    *,
    names: NamesArgument,
    config: ConfigOption = None,
    assignments: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete models from this machine, the cache that is shared with other programs included."""
    from models.catalog import name_of  # noqa: PLC0415

    with explained():
        hub = _hub(config, assignments)
        results: list[dict[str, Any]] = [
            {"name": name_of(model), "freed_bytes": hub.remove(model)} for model in _models(names)
        ]
    _tell(results, as_json=as_json)
    if not all(result["freed_bytes"] for result in results):
        raise typer.Exit(EXIT_MISSING)


@model_commands.command("suggest")
def suggest(*, as_json: JsonOption = False) -> None:
    """Print a configuration that fits this machine, and the memory it will take."""
    from voice_server.engines.machine import look_at_machine  # noqa: PLC0415
    from voice_server.engines.suggestion import suggestion  # noqa: PLC0415

    with explained():
        machine = look_at_machine()
        suggested = suggestion(machine)
    if as_json:
        typer.echo(json.dumps(suggested.as_dict(), indent=2))
    else:
        typer.echo(f"# {machine}\n{suggested.toml}", nl=False)


def _hub(
    config: Path | None, assignments: Sequence[str] | None, offline: bool | None = None
) -> "Hub":
    from voice_server.engines import hub_of  # noqa: PLC0415
    from voice_server.settings import load  # noqa: PLC0415

    return hub_of(
        load(config, [*as_assignments({"models.offline": offline}), *(assignments or ())])
    )


def _models(names: Sequence[str]) -> "list[Model]":
    """What the names mean, each once. Raises `ModelError` for the first that means nothing."""
    from models.catalog import any_model  # noqa: PLC0415

    return [any_model(name) for name in dict.fromkeys(names)]


async def _pulled(hub: "Hub", models: "Sequence[Model]") -> list[dict[str, Any]]:
    """Fetch all at once; whatever fails does not stop the others."""
    return await asyncio.gather(*(_pulled_one(hub, model) for model in models))


async def _pulled_one(hub: "Hub", model: "Model") -> dict[str, Any]:
    from models.catalog import name_of  # noqa: PLC0415
    from models.errors import ModelError  # noqa: PLC0415
    from models.fetch_thread import fetched  # noqa: PLC0415

    name = name_of(model)
    path = await asyncio.to_thread(hub.find, model)
    try:
        if path is None:
            if why := await hub.unreachable():
                raise ModelError(f"{name} is not here and {why}.")
            path = await fetched(lambda: hub.fetch(model))
    except ModelError as error:
        return {"name": name, "error": str(error)}
    return {"name": name, "path": str(path)}


def _verified(hub: "Hub", model: "Model", path: Path) -> dict[str, Any]:
    """The worst state of its files, and which are damaged."""
    from models.catalog import name_of  # noqa: PLC0415

    states = hub.verify(model, path)
    if "unknown" in states.values() and asyncio.run(hub.unreachable()) is None:
        states = hub.verify(model, path, ask=True)
    damaged = [str(file) for file, state in states.items() if state == "damaged"]
    state = "damaged" if damaged else "unknown" if "unknown" in states.values() else "intact"
    return {"name": name_of(model), "state": state, "damaged": damaged, "path": str(path)}


def _tell(results: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    from voice_server.commands.model_table import as_sentence  # noqa: PLC0415

    if as_json:
        typer.echo(json.dumps(list(results), indent=2))
        return
    for result in results:
        typer.echo(as_sentence(result), err="error" in result)
