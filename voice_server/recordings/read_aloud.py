"""A text to audio, clause by clause, as it is synthesised: reading out without a conversation."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from audio import Samples
from audio.resample import Resampler
from models.tts import Synthesizer
from voice_server.conversation.clauses import ClauseCutter
from voice_server.conversation.spoken import spoken


def speakable(text: str) -> list[str]:
    """The clauses of a text as the voice is to say them; none where nothing can be said."""
    cutter = ClauseCutter()
    clauses = [*cutter.feed(text), *cutter.finish()]
    return [say for clause in clauses if (say := spoken(clause.text).text)]


async def read_aloud(
    clauses: list[str], synthesizer: Synthesizer, *, voice: str | None, speed: float, rate: int
) -> AsyncGenerator[Samples, None]:
    """Yield audio at `rate` hertz as it is made. Open it with `contextlib.aclosing`.

    `clauses` come from `speakable`. Raises `SynthesisError`.
    """
    for clause in clauses:
        resampler = Resampler(synthesizer.rate, rate)
        async with aclosing(synthesizer.speak(clause, voice=voice, speed=speed)) as chunks:
            async for chunk in chunks:
                if len(samples := resampler.feed(chunk.samples)):
                    yield samples
        if len(tail := resampler.flush()):
            yield tail
