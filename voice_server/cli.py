"""The command line: serve, talk, say, transcribe, models, token, doctor, config, bench.

Commands import what they need when they run, so that `--help` and `config` answer at once. Whatever
an operator can put right ends in one sentence on stderr and exit code 2, never in a traceback.
"""

import asyncio
import gc
import ssl
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from voice_server import __version__
from voice_server.bench.command import bench_commands
from voice_server.commands.explained import (
    EXIT_MISSING,
    AsrOption,
    CafileOption,
    ConfigOption,
    InsecureOption,
    KeyOption,
    LlmOption,
    OfflineOption,
    ServerOption,
    SetOption,
    TtsOption,
    as_assignments,
    explained,
    trusted,
)
from voice_server.commands.models import model_commands
from voice_server.commands.say import say
from voice_server.commands.talk import talk
from voice_server.commands.token import token_commands
from voice_server.recordings.subtitles import Format
from voice_server.settings import Settings, load

application = typer.Typer(
    name="voice-server",
    help="A self-hosted realtime voice assistant: speech in, speech out, no cloud.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
application.add_typer(bench_commands)
application.add_typer(token_commands)
application.add_typer(model_commands)


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
    tls_cert: Annotated[
        str | None, typer.Option(metavar="FILE", help="Speak https with this certificate (PEM).")
    ] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="Its private key.")] = None,
    tls_self_signed: Annotated[
        bool | None,
        typer.Option("--tls-self-signed", help="Speak https with a certificate made here."),
    ] = None,
    asr: AsrOption = None,
    llm: LlmOption = None,
    tts: TtsOption = None,
    offline: OfflineOption = None,
    assignments: SetOption = None,
) -> None:
    """Run the server until SIGTERM. Prints one JSON line on stdout when it is ready."""
    from voice_server import logs  # noqa: PLC0415
    from voice_server.door.tls import server_context  # noqa: PLC0415
    from voice_server.exposure import check_exposure  # noqa: PLC0415

    with explained():
        options = {
            "server.host": host,
            "server.port": port,
            "server.tls_cert": tls_cert,
            "server.tls_key": tls_key,
            "server.tls_self_signed": tls_self_signed,
            "asr.engine": asr,
            "llm.engine": llm,
            "tts.engine": tts,
            "models.offline": offline,
        }
        settings = load(config, [*as_assignments(options), *(assignments or ())])
        logs.configure(settings.logs.level, settings.logs.format)
        check_exposure(settings)
        run_event_loop(settings, server_context(settings.server))


@application.command()
def transcribe(
    *,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help="Recordings, or their addresses; - is stdin."),
    ],
    format: Annotated[Format, typer.Option(help="Of the result.")] = "text",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File, or folder for several.")
    ] = None,
    config: ConfigOption = None,
    asr: AsrOption = None,
    language: Annotated[str | None, typer.Option(help="Such as en; unset: detected.")] = None,
    offline: OfflineOption = None,
    server: ServerOption = None,
    key: KeyOption = None,
    cafile: CafileOption = None,
    insecure: InsecureOption = False,
    assignments: SetOption = None,
) -> None:
    """Write down what is said in recordings, as text, subtitles or JSON."""
    from voice_server import logs  # noqa: PLC0415
    from voice_server.recordings.transcribe_files import transcribe_files  # noqa: PLC0415

    with explained():
        options = {"asr.engine": asr, "asr.language": language, "models.offline": offline}
        # Nobody waits for an answer here, so a slow recogniser may take its time.
        fixed = ["llm.engine=scripted", "tts.engine=scripted", "asr.final_deadline_s=600"]
        settings = load(config, [*as_assignments(options), *(assignments or ()), *fixed])
        logs.configure("warning", settings.logs.format)
        if server is not None:
            from voice_server.commands.transcribe_at import transcribe_at  # noqa: PLC0415

            asyncio.run(
                transcribe_at(
                    server,
                    files,
                    key=key,
                    trust=trusted(cafile, insecure),
                    language=language,
                    format=format,
                    output=output,
                )
            )
            return
        asyncio.run(transcribe_files(files, format, output, settings))


@application.command()
def doctor(
    *,
    config: ConfigOption = None,
    asr: AsrOption = None,
    llm: LlmOption = None,
    tts: TtsOption = None,
    offline: OfflineOption = None,
    assignments: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Check that everything needed is here. Exit code 1 if something is missing."""
    from voice_server import doctor as checks  # noqa: PLC0415

    with explained():
        engines = {"asr.engine": asr, "llm.engine": llm, "tts.engine": tts}
        options = as_assignments({**engines, "models.offline": offline})
        settings = load(config, [*options, *(assignments or ())])
        found = asyncio.run(checks.examine(settings))
    typer.echo(checks.as_json(found) if as_json else checks.as_text(found), nl=False)
    if any(check.verdict == "missing" for check in found):
        raise typer.Exit(EXIT_MISSING)


@application.command("config")
def show_config(*, config: ConfigOption = None, assignments: SetOption = None) -> None:
    """Print the effective settings as TOML, and where each value comes from."""
    from voice_server.settings.report import report  # noqa: PLC0415

    with explained():
        typer.echo(report(config, assignments or ()), nl=False)


def run_event_loop(settings: Settings, tls: ssl.SSLContext | None) -> None:
    """Load the engines and serve, on uvloop where there is one."""
    from voice_server.app import serve as serve_app  # noqa: PLC0415
    from voice_server.engines import load_engines  # noqa: PLC0415
    from voice_server.signals import unless_terminated  # noqa: PLC0415

    async def run() -> None:
        engines = await unless_terminated(load_engines(settings))
        gc.collect()
        gc.freeze()  # what is loaded stays: only conversations are searched for garbage
        try:
            await serve_app(settings, engines, tls)
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


application.command()(say)
application.command()(talk)
