"""`voice-server say`: text in, speech out, by local engines or by a server."""

import asyncio
import io
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from audio import Samples
from voice_server.commands.explained import (
    CafileOption,
    ConfigOption,
    InsecureOption,
    KeyOption,
    OfflineOption,
    ServerOption,
    SetOption,
    TtsOption,
    UsageError,
    as_assignments,
    explained,
    trusted,
)
from voice_server.settings import Settings, load

STDIO = "-"


def say(
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - reads stdin.")],
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", help="A .wav, .flac, .ogg or .mp3 file; - is WAV on stdout."
        ),
    ] = None,
    server: ServerOption = None,
    key: KeyOption = None,
    cafile: CafileOption = None,
    insecure: InsecureOption = False,
    voice: Annotated[str | None, typer.Option(help="One of the engine's voices.")] = None,
    speed: Annotated[float, typer.Option(min=0.5, max=2.0, help="1 is normal.")] = 1.0,
    tts: TtsOption = None,
    config: ConfigOption = None,
    offline: OfflineOption = None,
    assignments: SetOption = None,
) -> None:
    """Speak a text, through the loudspeaker or into a file."""
    with explained():
        if output is None:
            from voice_server.client.sound_card import load_sound  # noqa: PLC0415

            load_sound()  # before anything else is done in vain
        words = sys.stdin.read() if text == STDIO else text
        if server is None:
            options = {"tts.engine": tts, "models.offline": offline}
            fixed = ["asr.engine=scripted", "llm.engine=scripted"]
            settings = load(config, [*as_assignments(options), *(assignments or ()), *fixed])
            samples, rate = asyncio.run(_made_here(words, settings, voice, speed))
        else:
            trust = trusted(cafile, insecure)
            samples, rate = _made_there(
                words, server, key=key, trust=trust, voice=voice, speed=speed
            )
        if not samples.size:
            raise UsageError("There is nothing in the text that can be said.")
        if output is None:
            _play(samples, rate)
        else:
            _write(samples, rate, output)


def _made_there(
    text: str,
    server: str,
    *,
    key: str | None,
    trust: str | None,
    voice: str | None,
    speed: float,
) -> tuple[Samples, int]:
    from voice_server.client import speak  # noqa: PLC0415

    answer = speak(text, server, key=key, trust=trust, voice=voice, speed=speed)
    return answer.samples, answer.rate


async def _made_here(
    text: str, settings: Settings, voice: str | None, speed: float
) -> tuple[Samples, int]:
    from voice_server.conversation.clauses import ClauseCutter  # noqa: PLC0415
    from voice_server.conversation.spoken import spoken  # noqa: PLC0415
    from voice_server.engines import load_engines  # noqa: PLC0415

    engines = await load_engines(settings)
    cutter = ClauseCutter()
    parts = [np.empty(0, dtype=np.int16)]
    try:
        for clause in [*cutter.feed(text), *cutter.finish()]:
            words = spoken(clause.text).text
            chosen = voice or settings.tts.voice
            speaking = engines.synthesizer.speak(words, voice=chosen, speed=speed)
            async with aclosing(speaking) as chunks:
                parts += [chunk.samples async for chunk in chunks]
        return np.concatenate(parts), engines.synthesizer.rate
    finally:
        await engines.close()


def _play(samples: Samples, rate: int) -> None:
    from voice_server.client.sound_card import SoundError, load_sound  # noqa: PLC0415

    sound: Any = load_sound()
    try:
        sound.play(samples, rate, blocking=True)
    except (sound.PortAudioError, ValueError) as error:
        raise SoundError(f"The speaker cannot be used: {error}. -o writes a file.") from None


def _write(samples: Samples, rate: int, output: str) -> None:
    import soundfile  # noqa: PLC0415

    try:
        if output == STDIO:
            whole = io.BytesIO()  # the header's length is known at the end, and pipes do not seek
            soundfile.write(whole, samples, rate, format="WAV")
            sys.stdout.buffer.write(whole.getvalue())
            sys.stdout.buffer.flush()
        else:
            soundfile.write(Path(output), samples, rate)
    except (OSError, TypeError, ValueError, soundfile.LibsndfileError) as error:
        raise UsageError(f"{output} cannot be written: {error}") from None
