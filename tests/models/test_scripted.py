"""The scripted engines keep their script and the three Protocols, in virtual time."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import SAMPLE_RATE
from models.asr import RecognitionError, RecognitionOptions, Recognizer, Superseded
from models.llm import (
    ChatError,
    ChatFailure,
    ChatModel,
    ChatOptions,
    Completed,
    Message,
    ReplyPiece,
    TextDelta,
    Tool,
    ToolCallDelta,
)
from models.scripted import (
    ChatScript,
    RecognizerScript,
    ScriptedChat,
    ScriptedRecognizer,
    ScriptedSynthesizer,
    VoiceScript,
)
from models.tts import SpeechChunk, SynthesisError, Synthesizer
from voice_server.bench.virtual_time import run_virtual

pytestmark = pytest.mark.story

_SECOND = np.zeros(SAMPLE_RATE, np.int16)


def _now_ms() -> float:
    return asyncio.get_running_loop().time() * 1000


async def _reply(model: ChatModel, **options: int) -> tuple[str, Completed | ChatFailure]:
    text = ""
    try:
        async with aclosing(model.reply([], ChatOptions(**options))) as values:  # type: ignore[arg-type]
            async for value in values:
                if isinstance(value, Completed):
                    return text, value
                if isinstance(value, TextDelta):
                    text += value.text
    except ChatError as error:
        return text, error.failure
    raise AssertionError("a stream ends with Completed or fails")


async def _speech(
    voice: Synthesizer, text: str, *, speed: float = 1.0, voice_id: str | None = None
) -> list[SpeechChunk]:
    async with aclosing(voice.speak(text, voice=voice_id, speed=speed)) as chunks:
        return [chunk async for chunk in chunks]


def test_words_appear_as_audio_is_fed() -> None:
    async def story() -> None:
        recognizer: Recognizer = ScriptedRecognizer(
            RecognizerScript(["one two three four"], partial_ms=40, final_ms=80, words_per_s=1)
        )
        utterance = recognizer.utterance(RecognitionOptions())
        assert (await utterance.partial()).text == ""
        utterance.feed(_SECOND)
        utterance.feed(_SECOND)
        partial = await utterance.partial()
        assert (partial.committed, partial.volatile) == ("one", "two")
        assert _now_ms() == pytest.approx(80)
        final = await utterance.final()
        assert (final.committed, final.volatile) == ("one two three four", "")
        assert [(word.start_ms, word.end_ms) for word in final.words][:2] == [(0, 500), (500, 1000)]
        assert final.duration_ms == 2000
        assert _now_ms() == pytest.approx(160)

    run_virtual(story())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 20_000), max_size=10))
def test_committed_text_only_grows(feeds: list[int]) -> None:
    async def story() -> None:
        recognizer = ScriptedRecognizer(RecognizerScript(["a b c d e f g"]))
        utterance = recognizer.utterance(RecognitionOptions())
        before = ""
        for samples in feeds:
            utterance.feed(np.zeros(samples, np.int16))
            transcript = await utterance.partial()
            assert transcript.committed.startswith(before)
            before = transcript.committed
        assert (await utterance.final()).committed.startswith(before)

    run_virtual(story())


def test_utterances_take_the_texts_in_turn() -> None:
    async def story() -> list[str]:
        recognizer = ScriptedRecognizer(RecognizerScript(["yes", "no"]))
        return [
            (await recognizer.utterance(RecognitionOptions(language="de")).final()).text
            for _ in range(3)
        ]

    assert run_virtual(story()) == ["yes", "no", "yes"]


@pytest.mark.parametrize("fail", ["partial", "final"])
def test_a_recogniser_can_fail(fail: Literal["partial", "final"]) -> None:
    async def story() -> None:
        recognizer = ScriptedRecognizer(RecognizerScript(["yes"], fail=fail))
        utterance = recognizer.utterance(RecognitionOptions())
        calls = {"partial": utterance.partial, "final": utterance.final}
        with pytest.raises(RecognitionError, match=fail):
            await calls.pop(fail)()
        (works,) = calls.values()
        await works()

    run_virtual(story())


def test_a_closed_utterance_has_nothing_to_say() -> None:
    async def story() -> None:
        utterance = ScriptedRecognizer().utterance(RecognitionOptions())
        running = asyncio.create_task(utterance.partial())
        await asyncio.sleep(0)
        utterance.close()
        utterance.close()
        with pytest.raises(Superseded):
            await running
        with pytest.raises(RecognitionError):
            await utterance.final()

    run_virtual(story())


def test_a_reply_keeps_its_pace() -> None:
    async def story() -> None:
        model = ScriptedChat(
            ChatScript(["It is  four.\n"], first_token_ms=60, token_interval_ms=15)
        )
        times: list[float] = []
        async with aclosing(model.reply([], ChatOptions())) as values:
            tokens = [times.append(_now_ms()) or value async for value in values]  # type: ignore[func-returns-value]
        assert tokens == [
            *map(TextDelta, ["It", " is", "  four.\n"]),
            Completed("stop", None, 3),
        ]
        assert times == pytest.approx([60, 75, 90, 90])

    run_virtual(story())


def test_replies_take_the_texts_in_turn_and_may_be_empty() -> None:
    async def story() -> list[str]:
        model = ScriptedChat(ChatScript(["One.", ""]))
        return [(await _reply(model))[0] for _ in range(3)]

    assert run_virtual(story()) == ["One.", "", "One."]


def test_max_tokens_ends_a_reply() -> None:
    reply = run_virtual(_reply(ScriptedChat(ChatScript(["One two three."])), max_tokens=2))
    assert reply == ("One two", Completed("length", None, 2))


CLOCK, LAMP = Tool("clock"), Tool("lamp")


async def _pieces(
    model: ChatModel, message: Message, options: ChatOptions | None = None
) -> list[ReplyPiece]:
    options = options or ChatOptions(tools=(CLOCK, LAMP))
    async with aclosing(model.reply([message], options)) as values:
        return [value async for value in values]


def test_tools_are_called_and_their_results_answered() -> None:
    async def story() -> None:
        calls = [("clock", '{"zone": 1}'), ("lamp", "{}"), ("door", "{}")]
        model = ScriptedChat(
            ChatScript(["It is noon."], tool_calls=calls, tool_preamble="One moment.")
        )
        asked = await _pieces(model, Message("user", "What time is it?"))
        assert asked == [
            TextDelta("One"),
            TextDelta(" moment."),
            ToolCallDelta("call_1", "clock", '{"zon'),
            ToolCallDelta("call_1", "clock", 'e": 1}'),
            ToolCallDelta("call_2", "lamp", "{"),
            ToolCallDelta("call_2", "lamp", "}"),
            Completed("tool_calls", None, 6),
        ]
        told = await _pieces(model, Message("tool", "12:00", tool_call_id="call_1"))
        assert told[-1] == Completed("stop", None, 3)

    run_virtual(story())


@pytest.mark.parametrize(
    "options", [ChatOptions(), ChatOptions(tools=(CLOCK,), tool_choice="none")]
)
def test_tools_that_are_not_offered_are_not_called(options: ChatOptions) -> None:
    model = ScriptedChat(ChatScript(["No."], tool_calls=[("clock", "{}")]))
    pieces = run_virtual(_pieces(model, Message("user", "What time is it?"), options))
    assert pieces == [TextDelta("No."), Completed("stop", None, 1)]


@pytest.mark.parametrize(
    ("fail", "heard", "failure"),
    [
        ("unreachable", "", ChatFailure.UNREACHABLE),
        ("refused", "", ChatFailure.REFUSED),
        ("hang_first", "", ChatFailure.TIMED_OUT),
        ("hang_middle", "One two", ChatFailure.TIMED_OUT),
        ("break_middle", "One two", ChatFailure.BROKEN),
    ],
)
def test_a_reply_can_fail_in_five_ways(
    fail: Literal["unreachable", "refused", "hang_first", "hang_middle", "break_middle"],
    heard: str,
    failure: ChatFailure,
) -> None:
    async def story() -> None:
        model = ScriptedChat(ChatScript(["One two three four."], fail=fail, fail_replies=1))
        assert await _reply(model) == (heard, failure)
        if failure is ChatFailure.TIMED_OUT:
            assert _now_ms() >= 10_000
        assert (await _reply(model))[0] == "One two three four.", "all is well again"

    run_virtual(story())


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.floats(0.5, 2.0))
def test_speech_is_as_long_as_its_text_and_marks_every_word(text: str, speed: float) -> None:
    voice = ScriptedSynthesizer(VoiceScript(ms_per_char=20))
    chunks = run_virtual(_speech(voice, text, speed=speed))
    marks = [mark for chunk in chunks for mark in chunk.marks]
    if not chunks:
        assert not any(character.isalnum() for character in text)
        return
    samples = sum(chunk.samples.size for chunk in chunks)
    assert samples == int(len(text) * 20 * voice.rate / 1000 / speed)
    assert [text[mark.start_char : mark.end_char] for mark in marks] == text.split()
    _assert_marks_are_on_time(chunks)


def _assert_marks_are_on_time(chunks: Sequence[SpeechChunk]) -> None:
    start = 0
    for chunk in chunks:
        end = start + chunk.samples.size
        assert all(start <= mark.start_sample < end for mark in chunk.marks)
        start = end


def test_speech_comes_in_chunks_at_its_pace() -> None:
    async def story() -> tuple[list[SpeechChunk], float]:
        voice = ScriptedSynthesizer(
            VoiceScript(first_chunk_ms=40, chunk_interval_ms=10, ms_per_char=25, chunk_ms=100)
        )
        return await _speech(voice, "Ten letters"), _now_ms()

    chunks, ended_ms = run_virtual(story())
    assert [chunk.samples.size for chunk in chunks] == [1600, 1600, 1200]
    assert ended_ms == pytest.approx(70)
    assert chunks[0].samples.dtype == np.int16
    assert 500 < np.abs(chunks[0].samples).max() <= 1000


def test_voices_differ_and_are_deterministic() -> None:
    voice = ScriptedSynthesizer()
    low = run_virtual(_speech(voice, "hello", voice_id="hum-low"))[0].samples
    default = run_virtual(_speech(voice, "hello"))[0].samples
    again = run_virtual(_speech(voice, "hello", voice_id=voice.voices[0].id))[0].samples
    assert np.array_equal(default, again)
    assert not np.array_equal(default, low)


@pytest.mark.parametrize(
    ("script", "voice_id", "says"),
    [(VoiceScript(fail=True), None, "as asked"), (VoiceScript(), "bob", "no voice 'bob'")],
)
def test_a_voice_can_fail(script: VoiceScript, voice_id: str | None, says: str) -> None:
    with pytest.raises(SynthesisError, match=says):
        run_virtual(_speech(ScriptedSynthesizer(script), "hello", voice_id=voice_id))


@pytest.mark.parametrize("make", [RecognizerScript, ChatScript])
def test_a_script_without_texts_is_refused(
    make: type[RecognizerScript] | type[ChatScript],
) -> None:
    script = make(())
    engine = ScriptedChat if isinstance(script, ChatScript) else ScriptedRecognizer
    with pytest.raises(ValueError, match="at least one text"):
        engine(script)  # type: ignore[arg-type]
