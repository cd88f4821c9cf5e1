"""The bench's language model and voice."""

import pytest

from models.llm import ChatOptions, Completed, TextDelta
from tests.support.utterance import utter
from voice_server.bench.speaking import REPLY, BenchChat, BenchVoice, Latencies
from voice_server.bench.virtual_time import run_virtual

pytestmark = pytest.mark.story


def test_the_chat_tells_its_text_and_counts() -> None:
    async def story() -> tuple[str, BenchChat]:
        chat = BenchChat(Latencies())
        pieces = [piece async for piece in chat.reply((), ChatOptions())]
        assert isinstance(pieces[-1], Completed)
        return "".join(p.text for p in pieces if isinstance(p, TextDelta)), chat

    text, chat = run_virtual(story())
    assert text == REPLY
    assert (chat.calls, chat.tokens) == (1, len(REPLY.split()))


@pytest.mark.parametrize("aligned", [True, False])
def test_the_voice_remembers_when_it_said_what(aligned: bool) -> None:
    voice = BenchVoice(Latencies(), aligned)
    first = run_virtual(utter(voice, "Owls are quiet."))
    run_virtual(utter(voice, "They hunt."))
    assert [word.text for word in voice.said][:3] == ["Owls", "are", "quiet."]
    assert voice.said[-1].start_s > len(first.samples) / voice.rate
    assert all(mark.exact is aligned for mark in first.marks)
