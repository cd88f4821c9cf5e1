"""One reply: tokens and clauses and audio as they are made, failures posted, cancelled as one."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest

from models.llm import ChatOptions, Completed, Message, TextDelta
from models.scripted import ChatScript, ScriptedChat, ScriptedSynthesizer, VoiceScript
from models.tts import SpeechChunk
from voice_server import events as ev
from voice_server.bench.virtual_time import run_virtual
from voice_server.closes import ErrorCode
from voice_server.conversation.reply import CLAUSES_WAITING_MAX, AudioRoom, Reply, ReplyPlan

pytestmark = pytest.mark.story

TEXT = "It is fifty six. Is there anything else that you would like to know?"
PLAN = ReplyPlan(
    reply=5,
    messages=(Message("user", "What is seven times eight?"),),
    options=ChatOptions(),
    apology="Sorry.",
    rate=16_000,
)


def posted(
    chat: ChatScript | None = None, voice: VoiceScript | None = None, plan: ReplyPlan = PLAN
) -> list[ev.InnerEvent]:
    """Everything that a reply posts."""
    events: list[ev.InnerEvent] = []
    reply = Reply(
        plan,
        ScriptedChat(chat or ChatScript((TEXT,))),
        ScriptedSynthesizer(voice),
        AudioRoom(),
        events.append,
    )
    run_virtual(reply.run())
    return events


def written(events: list[ev.InnerEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ev.ReplyWritten))


def samples(events: list[ev.InnerEvent]) -> int:
    return sum(len(event.samples) for event in events if isinstance(event, ev.ReplyVoiced))


def failures(events: list[ev.InnerEvent]) -> list[ErrorCode]:
    return [event.code for event in events if isinstance(event, ev.ReplyStageFailed)]


def test_a_reply_is_written_and_voiced_clause_by_clause() -> None:
    events = posted()
    assert {event.reply for event in events} == {5}  # type: ignore[union-attr]
    assert written(events) == TEXT
    assert len([event for event in events if isinstance(event, ev.ReplyClauseCut)]) == 2
    voiced = [i for i, event in enumerate(events) if isinstance(event, ev.ReplyVoiced)]
    tokens = [i for i, event in enumerate(events) if isinstance(event, ev.ReplyWritten)]
    assert voiced[0] < tokens[-1], "the voice does not wait for the last word"
    assert isinstance(events[-1], ev.ReplyVoiceEnded)
    (ended,) = [event for event in events if isinstance(event, ev.ReplyTextEnded)]
    assert (ended.reason, ended.usage) == ("stop", {"completion_tokens": 14})


def test_a_text_to_say_needs_no_language_model() -> None:
    events = posted(ChatScript(fail="refused"), plan=replace(PLAN, text="Dinner is ready."))
    assert written(events) == "Dinner is ready."
    assert failures(events) == []
    assert samples(events) == 16 * 960


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 48_000])
def test_marks_tie_the_text_as_written_to_the_audio_as_sent(rate: int) -> None:
    text = "It is **fifty six** 🙂. Ask [me](https://example.com) again!"
    events = posted(plan=replace(PLAN, text=text, rate=rate))
    marks = [mark for e in events if isinstance(e, ev.ReplyVoiced) for mark in e.marks]
    words = [text[mark.start_char : mark.end_char] for mark in marks]
    assert words == ["It", "is", "fifty", "six** 🙂.", "Ask", "me", "again!"]
    edges = [edge for mark in marks for edge in (mark.start_sample, mark.end_sample)]
    assert edges == sorted(edges)
    assert edges[-1] <= samples(events)
    assert edges[-1] / rate == pytest.approx(samples(events) / rate, abs=0.01)


def test_a_model_that_fails_at_once_is_excused_aloud() -> None:
    events = posted(ChatScript(fail="unreachable"))
    assert failures(events) == [ErrorCode.LLM_FAILED]
    assert written(events) == "Sorry."
    assert samples(events)
    assert isinstance(events[-1], ev.ReplyVoiceEnded)


def test_what_came_before_a_failure_is_voiced() -> None:
    events = posted(ChatScript((TEXT,), fail="break_middle"))
    assert failures(events) == [ErrorCode.LLM_FAILED]
    assert TEXT.startswith(written(events))
    assert samples(events) >= (len(written(events)) - 2) * 960


@pytest.mark.parametrize(
    "script",
    [VoiceScript(first_chunk_ms=13_000), VoiceScript(chunk_interval_ms=13_000)],
    ids=["first", "later"],
)
def test_a_voice_that_hangs_is_one_that_fails(script: VoiceScript) -> None:
    """R-14: the text goes on."""
    events = posted(voice=script)
    assert failures(events) == [ErrorCode.TTS_FAILED]
    assert written(events) == TEXT
    assert isinstance(events[-1], ev.ReplyVoiceEnded)


def test_a_voice_that_is_only_slow_is_waited_for() -> None:
    events = posted(voice=VoiceScript(first_chunk_ms=11_000))
    assert failures(events) == []
    assert samples(events) >= 40 * 960


def test_a_voice_that_fails_leaves_the_text_to_go_on() -> None:
    events = posted(voice=VoiceScript(fail=True))
    assert failures(events) == [ErrorCode.TTS_FAILED]
    assert written(events) == TEXT
    assert isinstance(events[-1], ev.ReplyVoiceEnded)


@pytest.mark.parametrize("text", ["", "🙂", "```\ncode\n```", "..."])
def test_what_cannot_be_spoken_is_not(text: str) -> None:
    events = posted(plan=replace(PLAN, text=text))
    assert samples(events) == 0
    assert isinstance(events[-1], ev.ReplyVoiceEnded)


def test_audio_ends_after_the_clause_that_reaches_the_cap() -> None:
    text = "A sentence of some length. " * 20
    events = posted(plan=replace(PLAN, text=text, audio_s_max=3))
    assert 3 <= samples(events) / 16_000 < 3 + 26 * 0.06
    assert written(events) == text


async def _trickle(room: AudioRoom) -> list[ev.InnerEvent]:
    """A reply of many clauses that is given no room for audio."""
    events: list[ev.InnerEvent] = []
    chat = ScriptedChat(ChatScript(("One sentence. " * 50,)))
    reply = Reply(PLAN, chat, ScriptedSynthesizer(), room, events.append)
    task = asyncio.create_task(reply.run())
    await asyncio.sleep(60)
    before = list(events)
    room.set(True)
    await task
    assert written(events) == "One sentence. " * 50
    return before


def test_without_room_the_voice_waits_and_then_the_writer() -> None:
    room = AudioRoom()
    room.set(False)
    events = run_virtual(_trickle(room))
    assert len([event for event in events if isinstance(event, ev.ReplyVoiced)]) == 1
    clauses = len([event for event in events if isinstance(event, ev.ReplyClauseCut)])
    assert clauses <= CLAUSES_WAITING_MAX + 2


class _Listed(ScriptedSynthesizer):
    """Notes which clauses were urgent."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, bool]] = []

    def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        self.asked.append((text, urgent))
        return super().speak(text, voice=voice, speed=speed, urgent=urgent)


def test_only_the_first_clause_is_urgent() -> None:
    voice = _Listed()
    plan = replace(PLAN, text="First this. Then that. And so on.")
    reply = Reply(plan, ScriptedChat(), voice, AudioRoom(), lambda event: None)
    run_virtual(reply.run())
    assert [urgent for _, urgent in voice.asked] == [True, False, False]


class _Endless:
    """A language model and a voice that never finish, and note when they are closed."""

    name = "endless"
    rate = 16_000
    voices = ()
    languages: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.closed: list[str] = []

    async def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[TextDelta | Completed, None]:
        try:
            while True:
                yield TextDelta("One sentence. ")
                await asyncio.sleep(0.5)
        finally:
            self.closed.append("model")

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        try:
            await asyncio.sleep(3600)
            yield SpeechChunk(samples=())  # type: ignore[arg-type]
        finally:
            self.closed.append("voice")

    async def close(self) -> None:
        pass


def test_cancelled_it_closes_the_model_and_the_voice() -> None:
    engine = _Endless()

    async def story() -> None:
        reply = Reply(PLAN, engine, engine, AudioRoom(), lambda event: None)
        task = asyncio.create_task(reply.run())
        await asyncio.sleep(2)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert sorted(engine.closed) == ["model", "voice"]

    run_virtual(story())
