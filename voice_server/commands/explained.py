"""What every command shares: options, exit codes, and mistakes as sentences."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from models.asr import RecognitionError
from models.errors import ModelError
from models.fetch_thread import is_fetching
from models.tts import SynthesisError
from voice_server.settings import SettingsError

EXIT_MISSING = 1
"""`doctor` found that the server would not start."""
EXIT_UNUSABLE = 2
"""The configuration, a model, an input or the server cannot be used; stderr says why."""
EXIT_INTERRUPTED = 130

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings in TOML.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="One setting; repeatable."),
]
AsrOption = Annotated[
    str | None,
    typer.Option(
        help="auto, bundled, pocketsphinx, a Whisper model, its folder, or a server's URL."
    ),
]
LlmOption = Annotated[
    str | None,
    typer.Option(
        help="auto, offline, vllm:MODEL (started for you), anthropic:MODEL, or the URL of an "
        "OpenAI-compatible server."
    ),
]
TtsOption = Annotated[
    str | None, typer.Option(help="auto, espeak, a Piper voice, its .onnx file, or a server's URL.")
]
OfflineOption = Annotated[
    bool | None, typer.Option("--offline", help="Never touch a model hub.", show_default=False)
]
ServerOption = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="Use this server's engines.")
]
CafileOption = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="A server's certificate (PEM) to trust, for https."),
]
InsecureOption = Annotated[
    bool, typer.Option("--insecure", help="Trust whoever answers; for trying things out.")
]
KeyOption = Annotated[
    str | None, typer.Option(envvar="VOICE_KEY", help="For servers that want one.")
]


def as_assignments(options: Mapping[str, str | int | bool | None]) -> list[str]:
    """Options that were given, as the assignments that `--set` takes. Strings are quoted."""
    given = ((key, value) for key, value in options.items() if value is not None)
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given]


class UsageError(Exception):
    """The options make no sense together; the message says what does."""


def trusted(cafile: str | None, insecure: bool) -> str | None:
    """What the client takes as `trust`. Raises `UsageError`."""
    from voice_server.client.trust import ANYBODY  # noqa: PLC0415

    if cafile and insecure:
        raise UsageError("--cafile says whom to trust, --insecure to trust anybody: give one.")
    return ANYBODY if insecure else cafile


@contextmanager
def explained() -> Iterator[None]:
    """Turn what an operator can put right into a sentence and exit code 2; let Ctrl-C end all."""
    from voice_server.client.errors import CallError  # noqa: PLC0415
    from voice_server.client.sound_card import SoundError  # noqa: PLC0415
    from voice_server.recordings.audio_file import AudioFileError  # noqa: PLC0415

    try:
        yield
    except (
        SettingsError,
        ModelError,
        AudioFileError,
        RecognitionError,
        SynthesisError,
        CallError,
        SoundError,
        UsageError,
    ) as error:
        typer.echo(f"voice-server: {error}", err=True)
        leave(EXIT_UNUSABLE)
    except KeyboardInterrupt:
        leave(EXIT_INTERRUPTED)


def leave(exit_code: int) -> NoReturn:
    """End the process, and a download with it: the interpreter would wait for its threads."""
    if not is_fetching():
        raise typer.Exit(exit_code)
    from rich.console import Console  # noqa: PLC0415

    Console(stderr=True).show_cursor()
    sys.stdout.flush()
    os._exit(exit_code)
