"""Saying something beforehand, exactly as a reply would: clause by clause, in the same words.

A voice that remembers (see `models.tts.phrases`) then says it at once when its time has come.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from audio import Samples
from models.tts import Synthesizer
from voice_server.conversation.clauses import ClauseCutter
from voice_server.conversation.spoken import spoken
from voice_server.settings import TtsSettings


async def rehearse(
    text: str, synthesizer: Synthesizer, settings: TtsSettings
) -> AsyncGenerator[Samples, None]:
    """Speak `text` with the server's voice; yields audio at the voice's rate.

    Raises `SynthesisError`.
    """
    cutter = ClauseCutter()
    for clause in [*cutter.feed(text), *cutter.finish()]:
        if say := spoken(clause.text).text:
            speech = synthesizer.speak(say, voice=settings.voice, speed=settings.speed)
            async with aclosing(speech) as chunks:
                async for chunk in chunks:
                    yield chunk.samples
