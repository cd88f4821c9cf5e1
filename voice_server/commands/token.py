"""`voice-server token`: keys, and what is made of them; and taking them back."""

import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voice_server.commands.explained import (
    ConfigOption,
    KeyOption,
    SetOption,
    UsageError,
    explained,
)

if TYPE_CHECKING:
    from voice_server.settings import Settings

token_commands = typer.Typer(
    name="token",
    help="Make keys, tickets and client secrets, and take them back.",
    no_args_is_help=True,
)

UserOption = Annotated[str | None, typer.Option(help="A user of yours, with limits of their own.")]
OriginOption = Annotated[
    str | None, typer.Option(metavar="URL", help="The only page that may use it.")
]
LengthOption = Annotated[
    int | None, typer.Option("--max-session-s", help="Seconds that a session may last.")
]
TurnsOption = Annotated[int | None, typer.Option("--max-turns", help="Turns of all its sessions.")]
AtOption = Annotated[str, typer.Option("--server", metavar="URL", help="The server that makes it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]

LOCAL = "http://127.0.0.1:8080/"


@token_commands.command("key")
def make_key(
    *,
    user: Annotated[str, typer.Option(help="Whose key it is.")] = "me",
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Hash a key that exists, read from stdin.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a key, and the line of the settings that lets it in."""
    from voice_server.identity.keys import KeyEntryError, entry, new_key  # noqa: PLC0415

    with explained():
        key = sys.stdin.readline().strip() if stdin else new_key()
        try:
            line = entry(key, user)
        except KeyEntryError as error:
            raise UsageError(str(error)) from None
    found = {"user": user, "entry": line} | ({} if stdin else {"key": key})
    show = [] if stdin else [f"Give this to {user}. It is not shown again:", f"  {key}", ""]
    _tell([*show, "Put this into auth.keys:", f'  "{line}"'], found, as_json=as_json)


@token_commands.command("ticket")
def make_ticket(
    *,
    server: AtOption = LOCAL,
    key: KeyOption = None,
    user: UserOption = None,
    origin: OriginOption = None,
    mode: Annotated[
        str | None, typer.Option(help="conversation, transcription or tts, and no other.")
    ] = None,
    max_session_s: LengthOption = None,
    max_turns: TurnsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a ticket made: it opens one session, within half a minute."""
    asked = {
        "user": user,
        "origin": origin,
        "mode": mode,
        "max_session_s": max_session_s,
        "max_turns": max_turns,
    }
    with explained():
        found = asyncio.run(_posted(server, "v1/tickets", key, asked))
    lines = ["Offer this as a WebSocket subprotocol, once:", f"  {found['subprotocol']}"]
    _tell(lines, found, as_json=as_json)


@token_commands.command("secret")
def make_secret(
    *,
    server: AtOption = LOCAL,
    key: KeyOption = None,
    user: UserOption = None,
    origin: OriginOption = None,
    instructions: Annotated[str | None, typer.Option(help="For the assistant.")] = None,
    transcription: Annotated[
        bool, typer.Option("--transcription", help="It writes down and never answers.")
    ] = False,
    seconds: Annotated[
        int, typer.Option(min=10, max=7200, help="How long it is good for connecting.")
    ] = 600,
    max_session_s: LengthOption = None,
    max_turns: TurnsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a client secret made: an ek_ value for a browser or a device."""
    session: dict[str, Any] = {"type": "transcription" if transcription else "realtime"}
    if instructions:
        session["instructions"] = instructions
    asked = {
        "user": user,
        "origin": origin,
        "max_session_s": max_session_s,
        "max_turns": max_turns,
        "session": session,
        "expires_after": {"anchor": "created_at", "seconds": seconds},
    }
    with explained():
        found = asyncio.run(_posted(server, "v1/realtime/client_secrets", key, asked))
    lines = [f"Good for connecting during {seconds} s:", f"  {found['value']}"]
    _tell(lines, found, as_json=as_json)


@token_commands.command("revoke")
def revoke(
    *,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="A user, a key, or an ek_ value.")],
    config: ConfigOption = None,
    assignments: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a credential back, and end its sessions. Keys and users stay outside until restored."""
    from voice_server.identity.revocations import RevocationFile, default_file  # noqa: PLC0415
    from voice_server.settings import load  # noqa: PLC0415

    with explained():
        subject = _subject(what)
        settings = load(config, assignments or ())
        if settings.store.url:
            place = asyncio.run(_revoke_for_all(settings, subject))
            remedy = f'redis-cli HDEL vs:revoked "{subject}"'
        else:
            path = settings.auth.revoked_file or default_file()
            RevocationFile(path).append(subject, time.time())
            place, remedy = {"file": str(path)}, f"delete its line from {path}"
    lines = [
        f"{subject} is revoked: sessions end within {settings.auth.recheck_s:g} s.",
        f"To restore it: {remedy}",
    ]
    _tell(lines, {"revoked": subject, **place}, as_json=as_json)


async def _revoke_for_all(settings: "Settings", subject: str) -> dict[str, str]:
    """Tell every process that shares the store. Raises `UsageError`."""
    from voice_server.identity.store import StoreUnavailable  # noqa: PLC0415
    from voice_server.metrics import Metrics  # noqa: PLC0415
    from voice_server.stores.opening import identity_store, redis_link  # noqa: PLC0415

    async with redis_link(settings.store, Metrics()) as link:
        store = identity_store(link, settings.auth)
        assert link is not None
        assert store is not None
        try:
            await store.revoke(subject, time.time())
        except StoreUnavailable as error:
            raise UsageError(f"nothing was revoked: {error}") from None
        return {"store": str(link.address)}


def _subject(what: str) -> str:
    """What stands in the file: a user as it is, of credentials only the name."""
    from voice_server.identity import client_secrets, tickets  # noqa: PLC0415
    from voice_server.identity.keys import KEY_PREFIX, KeyEntryError, parse  # noqa: PLC0415

    if what.startswith(client_secrets.PREFIX):
        if name := client_secrets.named(what):
            return name
        raise UsageError("that is no client secret; give all of it")
    if what.startswith(tickets.PREFIX):
        return tickets.credential(what)
    try:
        if what.startswith(KEY_PREFIX) or "sha256:" in what:
            return parse(what).credential
    except KeyEntryError as error:
        raise UsageError(str(error)) from None
    if not re.fullmatch(r"\S{1,256}", what):
        raise UsageError("a user has no spaces in the name")
    return what


async def _posted(
    server: str, path: str, key: str | None, asked: Mapping[str, object]
) -> dict[str, Any]:
    """The server's answer. Raises `UsageError` with its sentence."""
    import aiohttp  # noqa: PLC0415

    address = f"{server.rstrip('/')}/{path}"
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body = {name: value for name, value in asked.items() if value is not None}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as http,
            http.post(address, headers=headers, json=body) as response,
        ):
            found: dict[str, Any] = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise UsageError(f"{address} did not answer: {error or 'too late'}") from None
    if "error" in found:
        raise UsageError(str(found["error"].get("message", found["error"])))
    return found


def _tell(lines: list[str], found: Mapping[str, object], *, as_json: bool) -> None:
    typer.echo(json.dumps(found) if as_json else "\n".join(lines))
