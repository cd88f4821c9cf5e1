"""The command line: `voice-server serve | transcribe | doctor | config`.

Commands import what they need when they run, so that `--help` and `config` answer at once. Whatever
an operator can put right ends in one sentence on stderr and exit code 2, never in a traceback.
"""

import asyncio
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
from voice_server import __version__
from voice_server.settings import Settings, SettingsError, load
from voice_server.subtitles import Format

EXIT_MISSING = 1
"""`doctor` found that the server would not start."""
EXIT_UNUSABLE = 2
"""The configuration, a model or an input cannot be used; stderr says why."""
EXIT_INTERRUPTED = 130

application = typer.Typer(
    name="voice-server",
    help="A self-hosted realtime voice assistant: speech in, speech out, no cloud.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings in TOML.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="One setting; repeatable."),
]
AsrOption = Annotated[
    str | None,
    typer.Option(help="auto, bundled, pocketsphinx, scripted, a Whisper model or its folder."),
]
LlmOption = Annotated[
    str | None,
    typer.Option(help="auto, offline, scripted or the URL of an OpenAI-compatible server."),
]
TtsOption = Annotated[
    str | None, typer.Option(help="auto, espeak, scripted, a Piper voice or its .onnx file.")
]
OfflineOption = Annotated[
    bool | None, typer.Option("--offline", help="Never touch a model hub.", show_default=False)
]


def main() -> NoReturn:
    """The console command."""
    application()
    sys.exit(0)


@application.command()
def serve(
    *,
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes any free port.")] = None,
    asr: AsrOption = None,
    llm: LlmOption = None,
    tts: TtsOption = None,
    offline: OfflineOption = None,
    assignments: SetOption = None,
) -> None:
    """Run the server until SIGTERM. Prints one JSON line on stdout when it is ready."""
    from voice_server import logs  # noqa: PLC0415
    from voice_server.exposure import check_exposure  # noqa: PLC0415

    with explained():
        options = {
            "server.host": host,
            "server.port": port,
            "asr.engine": asr,
            "llm.engine": llm,
            "tts.engine": tts,
            "models.offline": offline,
        }
        settings = load(config, [*as_assignments(options), *(assignments or ())])
        check_exposure(settings)
        logs.configure(settings.logs.level, settings.logs.format)
        run_event_loop(settings)


@application.command()
def transcribe(
    *,
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Recordings; - is stdin.")],
    format: Annotated[Format, typer.Option(help="Of the result.")] = "text",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File, or folder for several.")
    ] = None,
    config: ConfigOption = None,
    asr: AsrOption = None,
    language: Annotated[str | None, typer.Option(help="Such as en; unset: detected.")] = None,
    offline: OfflineOption = None,
    assignments: SetOption = None,
) -> None:
    """Write down what is said in recordings, as text, subtitles or JSON."""
    from voice_server import logs  # noqa: PLC0415
    from voice_server.transcribe_files import transcribe_files  # noqa: PLC0415

    with explained():
        options = {"asr.engine": asr, "asr.language": language, "models.offline": offline}
        # Nobody waits for an answer here, so a slow recogniser may take its time.
        fixed = ["llm.engine=scripted", "tts.engine=scripted", "asr.final_deadline_s=600"]
        settings = load(config, [*as_assignments(options), *(assignments or ()), *fixed])
        logs.configure("warning", settings.logs.format)
        asyncio.run(transcribe_files(files, format, output, settings))


@application.command()
def doctor(
    *,
    config: ConfigOption = None,
    offline: OfflineOption = None,
    assignments: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Check that everything needed is here. Exit code 1 if something is missing."""
    from voice_server import doctor as checks  # noqa: PLC0415

    with explained():
        settings = load(
            config, [*as_assignments({"models.offline": offline}), *(assignments or ())]
        )
        found = asyncio.run(checks.examine(settings))
    typer.echo(checks.as_json(found) if as_json else checks.as_text(found), nl=False)
    if any(check.verdict == "missing" for check in found):
        raise typer.Exit(EXIT_MISSING)


@application.command("config")
def show_config(*, config: ConfigOption = None, assignments: SetOption = None) -> None:
    """Print the effective settings as TOML, and where each value comes from."""
    from voice_server.settings_report import report  # noqa: PLC0415

    with explained():
        typer.echo(report(config, assignments or ()), nl=False)


def run_event_loop(settings: Settings) -> None:
    """Load the engines and serve, on uvloop where there is one."""
    from voice_server.app import serve as serve_app  # noqa: PLC0415
    from voice_server.engines import load_engines  # noqa: PLC0415

    async def run() -> None:
        engines = await load_engines(settings)
        try:
            await serve_app(settings, engines)
        finally:
            await engines.close()

    if sys.platform == "win32":
        asyncio.run(run())
    else:
        import uvloop  # noqa: PLC0415

        uvloop.run(run())


@application.callback(invoke_without_command=True)
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """A self-hosted realtime voice assistant: speech in, speech out, no cloud."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


def as_assignments(options: Mapping[str, str | int | bool | None]) -> list[str]:
    """Options that were given, as the assignments that `--set` takes. Strings are quoted."""
    given = ((key, value) for key, value in options.items() if value is not None)
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given]


@contextmanager
def explained() -> Iterator[None]:
    """Turn what an operator can put right into a sentence and exit code 2; let Ctrl-C end all."""
    from voice_server.audio_file import AudioFileError  # noqa: PLC0415

    try:
        yield
    except (SettingsError, ModelError, AudioFileError, RecognitionError) as error:
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
