"""What is rehearsed is exactly what a reply will ask the voice for."""

from contextlib import aclosing

import pytest

from models.scripted import ChatScript, ScriptedSynthesizer, VoiceScript
from models.tts.phrases import PhraseMemory
from tests.support.story import Cast, Story, tell
from voice_server import events as ev
from voice_server.conversation.rehearsal import rehearse
from voice_server.settings import TtsSettings

pytestmark = pytest.mark.story

TEXT = "Good day! You have reached **the house**. How can I help you, on this 2nd of May?"


def test_the_audio_is_that_of_a_reply() -> None:
    lengths: list[int] = []

    async def plot(story: Story) -> None:
        memory = PhraseMemory(ScriptedSynthesizer(VoiceScript()), 1 << 20)
        async with aclosing(rehearse(TEXT, memory, TtsSettings())) as pieces:
            lengths.append(sum([len(piece) async for piece in pieces]))
        await story.send(ev.SayRequested(TEXT))
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, Cast(chat=ChatScript(("Yes.",))))
    (done,) = story.all(ev.AudioDone)
    seconds = done.total_samples / story.options.output_rate
    rate = ScriptedSynthesizer(VoiceScript()).rate
    assert lengths[0] / rate == pytest.approx(seconds, abs=0.01)
