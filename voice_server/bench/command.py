"""`voice-server bench`: the command line of the bench."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from voice_server.commands.explained import EXIT_UNUSABLE, ConfigOption, SetOption, explained

bench_commands = typer.Typer(
    name="bench", help="Measure: turns, recognition, a live server.", no_args_is_help=True
)


@bench_commands.callback()
def about() -> None:
    """Measure how good and how fast this server is."""


@bench_commands.command()
def turns(
    *,
    clips: Annotated[Path, typer.Option(help="Made by scripts/make_turn_clips.")] = Path(
        ".cache/turn-clips"
    ),
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for turns.md, .json and .svg.")
    ] = None,
    asr: Annotated[
        Literal["revealed", "bundled"],
        typer.Option(help="The true words after 60 ms, or the bundled recogniser, timed."),
    ] = "revealed",
    sweep: Annotated[bool, typer.Option(help="Draw the whole curve.")] = True,
    every: Annotated[int, typer.Option(min=1, help="Take every so-manyth clip only.")] = 1,
    cancels: Annotated[int, typer.Option(min=0, help="Replies to cancel at random.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the random cancels.")] = 1,
    config: ConfigOption = None,
    assignments: SetOption = None,
) -> None:
    """Play labelled turns: cut-offs against delay, interruptions, what was heard, waste."""
    from voice_server.bench.clips import ClipsError, load_clips  # noqa: PLC0415
    from voice_server.bench.measure_turns import Measurement, measure  # noqa: PLC0415
    from voice_server.bench.written import write  # noqa: PLC0415
    from voice_server.settings import load  # noqa: PLC0415

    with explained():
        settings = load(config, assignments or ())
        try:
            found = load_clips(clips)
        except ClipsError as error:
            typer.echo(f"voice-server: {error}", err=True)
            raise typer.Exit(EXIT_UNUSABLE) from None
        wanted = Measurement(settings, asr, sweep, every, cancels, seed)
        report = measure(wanted, found, lambda line: typer.echo(line, err=True))
    typer.echo(report.markdown(), nl=False)
    if output is not None:
        write(report, output)


@bench_commands.command()
def live(
    *,
    callers: Annotated[int, typer.Option(min=1, help="Who speak at once.")] = 1,
    silent: Annotated[
        int, typer.Option(min=1, help="Who only listen, to see what they cost.")
    ] = 50,
    asr: Annotated[str, typer.Option(help="As for serve.")] = "bundled",
    llm: Annotated[str, typer.Option(help="As for serve.")] = "offline",
    tts: Annotated[str, typer.Option(help="As for serve.")] = "espeak",
) -> None:
    """Start a server, talk to it in real time, and say how long everything took."""
    from voice_server.bench.live import measure  # noqa: PLC0415

    options = ("--asr", asr, "--llm", llm, "--tts", tts, "--offline")
    try:
        for line in measure(options, callers, silent):
            typer.echo(line)
    except RuntimeError as error:
        typer.echo(f"voice-server: {error}", err=True)
        raise typer.Exit(EXIT_UNUSABLE) from None


@bench_commands.command()
def load(
    *,
    sessions: Annotated[
        list[int] | None, typer.Option(min=1, help="At once; give several to see growth.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Blocks of each subject.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.2, help="Measured in each block.")] = 5.0,
    arrivals: Annotated[
        Literal["poisson", "together"], typer.Option(help="At random, or all at one moment.")
    ] = "poisson",
    part: Annotated[
        Literal["all", "costs", "turns", "tokens", "age"],
        typer.Option(
            help="CPU and memory; answers under load; the relay of tokens. Besides, on its own:"
            " whether old sessions cost more."
        ),
    ] = "all",
    minutes: Annotated[float, typer.Option(min=1, help="How old sessions grow.")] = 60.0,
    attempts: Annotated[int, typer.Option(min=1, help="Runs of a block that is void.")] = 3,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for load.md, .json and .svg.")
    ] = None,
) -> None:
    """What sessions cost with scripted engines, beside a bare echo of the same frames (Linux)."""
    from voice_server.bench.conditions import machine  # noqa: PLC0415
    from voice_server.bench.load.load_report import LoadReport  # noqa: PLC0415
    from voice_server.bench.load.null_tier import PARTS, SIZES, Plan, measure  # noqa: PLC0415
    from voice_server.bench.written import write  # noqa: PLC0415

    conditions = machine()
    plan = Plan(
        tuple(sessions or SIZES),
        rounds,
        seconds,
        arrivals,
        parts=PARTS if part == "all" else (part,),
        minutes=minutes,
        attempts=attempts,
    )
    try:
        measured = measure(plan, lambda line: typer.echo(line, err=True))
    except RuntimeError as error:
        typer.echo(f"voice-server: {error}", err=True)
        raise typer.Exit(EXIT_UNUSABLE) from None
    report = LoadReport(conditions, measured)
    typer.echo(report.markdown(), nl=False)
    if output is not None:
        write(report, output, "load")


@bench_commands.command()
def asr(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="bundled, tiny-shape, base-shape (constructed, no download), or a Whisper model's"
            " name or folder; several to see them side by side."
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=0, help="Of each cost, in turns; 0: none.")] = 5,
    seconds: Annotated[float, typer.Option(min=4, help="Of talk in each block.")] = 20.0,
    talkers: Annotated[int, typer.Option(min=0, help="At once, at most; 0: only one.")] = 32,
    minutes: Annotated[float, typer.Option(min=0, help="Of noise in which nobody speaks.")] = 10.0,
    sentences: Annotated[int, typer.Option(min=1, max=16, help="That are said.")] = 16,
    arrivals: Annotated[
        Literal["poisson", "together"], typer.Option(help="At random, or all at one moment.")
    ] = "poisson",
    workers: Annotated[int, typer.Option(min=1, help="Of the recogniser.")] = 1,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for asr.md, .json and .svg.")
    ] = None,
) -> None:
    """How good, how quick and how dear recognition is, beside `transcribe` (Linux)."""
    from models.errors import ModelError  # noqa: PLC0415
    from voice_server.bench.asr.asr_report import AsrReport  # noqa: PLC0415
    from voice_server.bench.asr.measure import Plan, measure  # noqa: PLC0415
    from voice_server.bench.asr.subjects import MODELS  # noqa: PLC0415
    from voice_server.bench.conditions import machine  # noqa: PLC0415
    from voice_server.bench.written import write  # noqa: PLC0415

    conditions = machine()
    plan = Plan(
        tuple(model or MODELS), rounds, seconds, talkers, minutes, sentences, arrivals, workers
    )
    try:
        measured = measure(plan, lambda line: typer.echo(line, err=True))
    except (RuntimeError, ModelError) as error:
        typer.echo(f"voice-server: {error}", err=True)
        raise typer.Exit(EXIT_UNUSABLE) from None
    report = AsrReport(conditions, plan, measured)
    typer.echo(report.markdown(), nl=False)
    if output is not None:
        write(report, output, "asr")
        (output / "asr-first-words.svg").write_text(report.first_words_svg(), encoding="utf-8")


@bench_commands.command()
def phone(
    *,
    callers: Annotated[int, typer.Option(min=1, help="Calls at once.")] = 8,
    seconds: Annotated[float, typer.Option(min=1, help="How long each lasts.")] = 15.0,
    asr: Annotated[str, typer.Option(help="As for serve.")] = "bundled",
    llm: Annotated[str, typer.Option(help="As for serve.")] = "offline",
    tts: Annotated[str, typer.Option(help="As for serve.")] = "espeak",
) -> None:
    """Start a server, call it, and say how evenly the frames of 20 ms come."""
    from voice_server.bench.phone import measure  # noqa: PLC0415

    options = ("--asr", asr, "--llm", llm, "--tts", tts, "--offline")
    try:
        for line in measure(options, callers, seconds):
            typer.echo(line)
    except RuntimeError as error:
        typer.echo(f"voice-server: {error}", err=True)
        raise typer.Exit(EXIT_UNUSABLE) from None
