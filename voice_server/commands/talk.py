"""`voice-server talk`: a conversation in the terminal, by voice or by text."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voice_server.commands.explained import (
    CafileOption,
    InsecureOption,
    KeyOption,
    UsageError,
    explained,
    trusted,
)

if TYPE_CHECKING:
    from voice_server.client.call import Call
    from voice_server.client.sound_card import SoundCard


@dataclass(frozen=True, slots=True)
class TalkOptions:
    """What the command line asked for."""

    server: str | None
    key: str | None
    trust: str | None
    language: str | None
    voice: str | None
    push_to_talk: bool
    kiosk: bool
    microphone: str | None
    speaker: str | None
    headset: bool
    wake: tuple[str, ...]
    half_duplex: bool
    on_state: list[str]


def talk(
    *,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Unset: http://127.0.0.1:8080/.")
    ] = None,
    key: KeyOption = None,
    cafile: CafileOption = None,
    insecure: InsecureOption = False,
    text: Annotated[bool, typer.Option("--text", help="Type and read; no sound.")] = False,
    push_to_talk: Annotated[
        bool, typer.Option("--push-to-talk", help="The space bar begins and ends your turn.")
    ] = False,
    kiosk: Annotated[
        bool, typer.Option("--kiosk", help="Unattended: come back for ever, one status line.")
    ] = False,
    microphone: Annotated[str | None, typer.Option(help="Number or part of the name.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Number or part of the name.")] = None,
    headset: Annotated[
        bool, typer.Option("--headset", help="The microphone does not hear the speaker.")
    ] = False,
    wake: Annotated[
        list[str] | None,
        typer.Option(metavar="PHRASE", help="Answer only after this phrase; repeatable."),
    ] = None,
    half_duplex: Annotated[
        bool, typer.Option("--half-duplex", help="Do not listen while a reply sounds.")
    ] = False,
    on_state: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="With --kiosk: run on every change of state."),
    ] = None,
    list_devices: Annotated[bool, typer.Option("--list", help="Show the devices.")] = False,
    language: Annotated[str | None, typer.Option(help="Such as en; unset: detected.")] = None,
    voice: Annotated[str | None, typer.Option(help="One of the server's voices.")] = None,
) -> None:
    """Talk to a server with this machine's microphone and loudspeaker, or with --text."""
    with explained():
        if list_devices:
            typer.echo("\n".join(_devices()))
            return
        options = TalkOptions(
            server,
            key,
            trusted(cafile, insecure),
            language,
            voice,
            push_to_talk,
            kiosk,
            microphone,
            speaker,
            headset,
            tuple(wake or ()),
            half_duplex,
            _hook(on_state),
        )
        asyncio.run(_way_of_talking(options, text)(options))


def _way_of_talking(
    options: TalkOptions, text: bool
) -> Callable[[TalkOptions], Coroutine[Any, Any, None]]:
    """Raises `UsageError` for options that make no sense together."""
    if options.kiosk and (text or options.push_to_talk):
        raise UsageError("--kiosk is for voice alone: leave --text and --push-to-talk out.")
    if options.push_to_talk and not sys.stdin.isatty():
        raise UsageError("--push-to-talk needs a terminal, for the space bar.")
    if options.on_state and not options.kiosk:
        raise UsageError("--on-state goes with --kiosk.")
    if text:
        return _typed
    return _unattended if options.kiosk else _spoken


def _devices() -> list[str]:
    from voice_server.client.sound_card import described, load_sound  # noqa: PLC0415

    return described(load_sound().query_devices())


async def _typed(options: TalkOptions) -> None:
    from rich.console import Console  # noqa: PLC0415

    from voice_server.client.call import connect  # noqa: PLC0415
    from voice_server.commands.keyboard import lines  # noqa: PLC0415
    from voice_server.commands.talk_loop import TypedTalk  # noqa: PLC0415
    from voice_server.commands.talk_screen import Screen  # noqa: PLC0415

    async with connect(**_who(options)) as call:
        with Screen(Console()) as screen:
            await TypedTalk(call, screen, lines(sys.stdin)).run()


async def _spoken(options: TalkOptions) -> None:
    from rich.console import Console  # noqa: PLC0415

    from voice_server.client.sound_card import SoundCard, load_sound  # noqa: PLC0415
    from voice_server.commands.keyboard import keys  # noqa: PLC0415
    from voice_server.commands.talk_loop import SpokenTalk  # noqa: PLC0415
    from voice_server.commands.talk_screen import Screen  # noqa: PLC0415

    card = SoundCard(load_sound(), _device(options.microphone), _device(options.speaker))
    async with _call_for(card, options) as call:
        with card, Screen(Console()) as screen, keys() as pressed:
            await SpokenTalk(call, card, screen, pressed, push_to_talk=options.push_to_talk).run()


async def _unattended(options: TalkOptions) -> None:
    from rich.console import Console  # noqa: PLC0415

    from voice_server.client.sound_card import SoundCard, load_sound, look_again  # noqa: PLC0415
    from voice_server.commands.keyboard import keys  # noqa: PLC0415
    from voice_server.commands.kiosk import Kiosk, KioskScreen  # noqa: PLC0415
    from voice_server.commands.state_hook import StateHook  # noqa: PLC0415

    sound = load_sound()

    def find_card() -> SoundCard:
        look_again(sound)
        return SoundCard(sound, _device(options.microphone), _device(options.speaker))

    async with StateHook(options.on_state) as hook:
        with KioskScreen(Console(), hook) as screen, keys() as pressed:
            await Kiosk(find_card, lambda card: _call_for(card, options), screen, pressed).run()


def _call_for(card: "SoundCard", options: TalkOptions) -> "Call":
    """A call at the pace of these devices."""
    from voice_server.client.call import connect  # noqa: PLC0415

    return connect(
        **_who(options),
        turn=_turn(options),
        input_rate=card.input_rate,
        output_rate=card.output_rate,
        echo_cancelled=options.headset,
    )


def _turn(options: TalkOptions) -> dict[str, Any]:
    """What these options say about taking turns."""
    said: dict[str, Any] = {
        "mode": "manual" if options.push_to_talk else None,
        "wake_phrases": options.wake,
        "half_duplex": "on" if options.half_duplex else None,
    }
    return {key: value for key, value in said.items() if value}


def _who(options: TalkOptions) -> Mapping[str, Any]:
    """What every kind of conversation asks of the server."""
    from voice_server.client.opening import DEFAULT_URL  # noqa: PLC0415
    from voice_server.client.reconnection import Reconnection  # noqa: PLC0415

    patience = Reconnection(attempts_max=None, at_first=True) if options.kiosk else Reconnection()
    return {
        "url": options.server or DEFAULT_URL,
        "key": options.key,
        "trust": options.trust,
        "language": options.language,
        "voice": options.voice,
        "playback_reports": True,
        "reconnection": patience,
    }


def _hook(command: str | None) -> list[str]:
    from voice_server.commands.state_hook import words_of_command  # noqa: PLC0415

    return [] if command is None else words_of_command(command)


def _device(given: str | None) -> int | str | None:
    return int(given) if given and given.isdecimal() else given
