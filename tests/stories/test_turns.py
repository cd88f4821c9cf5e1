"""Listening and answering: greeting, turns, pauses, and replies begun before the turn has ended."""

import asyncio
from itertools import pairwise

import pytest

from models.scripted import ChatScript, RecognizerScript, VoiceScript
from tests.support.story import KIOSK, PAGE, Cast, Story, tell
from voice_server import events as ev

pytestmark = pytest.mark.story

FIXED = {"turn": {"endpoint": "fixed", "silence_ms": 600}}
"""Long enough for the scripted engines to finish during the silence."""


def test_a_greeting_is_spoken_before_anybody_says_a_word() -> None:
    async def plot(story: Story) -> None:
        done = await story.expect(ev.ReplyDone)
        assert (done.status, done.text) == ("completed", "Hello there, how can I help?")

    greeting = {"llm": {"greeting": "Hello there, how can I help?"}}
    story = tell(plot, Cast(settings=greeting))
    assert story.plot() == [
        "SessionReady",
        "ReplyStarted",
        "ReplyTextDone",
        "AudioStarted",
        "TurnMeasured",
        "AudioDone",
        "ReplyDone",
    ]


def test_two_turns() -> None:
    async def plot(story: Story) -> None:
        for _ in range(2):
            await story.silence(0.4)
            await story.say(1.0)
            await story.expect(ev.ReplyDone, status="completed")

    cast = Cast(
        RecognizerScript(("What time is it?", "Thank you.")),
        ChatScript(("It is noon.", "You are welcome.")),
    )
    story = tell(plot, cast)
    assert [final.text for final in story.all(ev.FinalTranscript)] == [
        "What time is it?",
        "Thank you.",
    ]
    assert story.chat.prompts == [
        [("user", "What time is it?")],
        [
            ("user", "What time is it?"),
            ("assistant", "It is noon."),
            ("user", "Thank you."),
        ],
    ]
    turn = [
        "SpeechStarted",
        "SpeechStopped",
        "FinalTranscript",
        "ReplyStarted",
        "ReplyTextDone",
        "AudioStarted",
        "TurnMeasured",
        "AudioDone",
        "ReplyDone",
    ]
    assert story.plot() == ["SessionReady", *turn, *turn]


def test_words_appear_while_they_are_spoken() -> None:
    async def plot(story: Story) -> None:
        await story.say(2.5)
        await story.expect(ev.FinalTranscript)

    story = tell(plot, Cast(RecognizerScript(("Please tell me the time in Paris right now.",))))
    shown = [partial.stable for partial in story.all(ev.PartialTranscript)]
    assert len(shown) > 3
    assert all(later.startswith(earlier) for earlier, later in pairwise(shown))
    assert story.times(ev.PartialTranscript)[2] < story.times(ev.SpeechStopped)[0]


def test_the_answer_is_ready_when_the_turn_ends() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.ReplyDone)

    story = tell(plot, Cast(settings=FIXED))
    (ended,), first, *_ = story.times(ev.SpeechStopped), story.times(ev.AudioFrame)[0]
    assert first - ended <= 0.020
    assert story.counted("speculations_total", outcome="used") == 1
    (measured,) = story.all(ev.TurnMeasured)
    parts = dict(measured.metrics)
    assert parts.pop("eos_to_first_audio_ms") == pytest.approx(sum(parts.values()), abs=0.5)


def test_without_speculation_the_answer_begins_when_the_turn_has_ended() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.ReplyDone)

    settings = {"turn": {**FIXED["turn"], "speculate": False}}
    story = tell(plot, Cast(settings=settings))
    ended, first = story.times(ev.SpeechStopped)[0], story.times(ev.AudioFrame)[0]
    assert first - ended >= 0.060 + 0.040, "the model and the voice take that long"
    assert story.counted("speculations_total", outcome="used") == 0


def test_a_user_who_goes_on_is_heard_out_and_nothing_was_said() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.silence(0.5)
        assert story.chat.prompts, "a reply was begun in the pause"
        await story.say(1.0)
        await story.expect(ev.ReplyDone)

    story = tell(plot, Cast(settings=FIXED))
    assert story.plot()[:4] == ["SessionReady", "SpeechStarted", "SpeechStopped", "FinalTranscript"]
    assert len(story.all(ev.ReplyStarted)) == 1
    assert story.chat.prompts == [[("user", "What time is it?")]] * 2
    assert story.counted("speculations_total", outcome="wasted") == 1
    assert story.counted("speculation_wasted_tokens_total") > 0
    assert story.counted("speculation_wasted_seconds_total") > 0


def test_no_answer_is_begun_while_the_words_promise_more() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.silence(0.7)
        assert story.chat.prompts == [], "of 1500 ms there is too much left"
        await story.silence(0.5)
        assert story.chat.prompts, "the answer is ready when they are over"
        await story.expect(ev.ReplyDone)

    story = tell(plot, Cast(RecognizerScript(("Tell me about the",))))
    ended, first = story.times(ev.SpeechStopped)[0], story.times(ev.AudioFrame)[0]
    assert first - ended <= 0.020
    assert story.counted("speculations_total", outcome="wasted") == 0


def test_vain_beginnings_are_bounded() -> None:
    async def plot(story: Story) -> None:
        for _ in range(5):
            await story.say(0.6)
            await story.silence(0.5)
        await story.expect(ev.ReplyDone)

    settings = {"turn": {**FIXED["turn"], "speculations_max": 2}}
    story = tell(plot, Cast(settings=settings))
    assert story.counted("speculations_total", outcome="wasted") == 2
    assert len(story.chat.prompts) == 3


def test_a_click_of_voice_is_no_turn() -> None:
    async def plot(story: Story) -> None:
        await story.say(0.12)
        await story.silence(3)

    story = tell(plot, Cast(settings={"turn": {"speech_ms_min": 400}}))
    assert story.plot() == ["SessionReady", "SpeechStarted", "SpeechStopped", "FinalTranscript"]
    assert story.all(ev.FinalTranscript)[0].text == ""
    assert story.all(ev.ReplyStarted) == []
    assert story.counted("turns_total", outcome="dropped") == 1


def test_a_turn_without_words_gets_no_answer() -> None:
    async def plot(story: Story) -> None:
        await story.say(0.8)
        await story.expect(ev.FinalTranscript, text="")
        await story.silence(1)

    story = tell(plot, Cast(RecognizerScript(("",))))
    assert story.all(ev.ReplyStarted) == []
    assert story.counted("turns_total", outcome="empty") == 1


def test_a_turn_too_long_is_cut_and_answered_as_a_whole() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.5)
        await story.expect(ev.ReplyDone)

    cast = Cast(
        RecognizerScript(("The first part", "and the second.")),
        settings={"turn": {"utterance_ms_max": 1000}},
    )
    story = tell(plot, cast)
    assert story.chat.prompts[-1] == [("user", "The first part and the second.")]
    assert len(story.all(ev.ReplyStarted)) == 1


def test_push_to_talk_ends_turns_at_the_commit_only() -> None:
    async def plot(story: Story) -> None:
        await story.say(0.5)
        await story.silence(3)
        await story.say(0.5)
        assert story.all(ev.FinalTranscript) == []
        await story.send(ev.AudioCommitted())
        done = await story.expect(ev.ReplyDone)
        assert done.status == "completed"

    story = tell(plot, Cast(settings={"turn": {"mode": "manual"}}))
    assert story.all(ev.ReplyStarted)[0].cause == "commit"
    assert [final.text for final in story.all(ev.FinalTranscript)] == ["What time is it?"]


def test_a_commit_without_speech_is_refused_and_the_talk_goes_on() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.AudioCommitted())
        error = await story.expect(ev.ErrorRaised)
        assert not error.fatal
        await story.say(0.8)
        await story.expect(ev.ReplyDone, status="completed")

    tell(plot)


def test_cleared_speech_was_never_said() -> None:
    async def plot(story: Story) -> None:
        await story.say(0.8)
        await story.send(ev.AudioCleared())
        await story.silence(2)

    story = tell(plot)
    assert [final.text for final in story.all(ev.FinalTranscript)] == [""]
    assert story.chat.prompts == []


def test_transcription_only_never_answers() -> None:
    async def plot(story: Story) -> None:
        await story.say(0.8)
        await story.expect(ev.FinalTranscript, text="What time is it?")
        await story.send(ev.ReplyRequested())
        await story.expect(ev.ErrorRaised, fatal=False)
        await story.silence(1)

    story = tell(plot, Cast(options=ev.SessionOptions(mode="transcription")))
    assert story.chat.prompts == []
    assert story.all(ev.ReplyStarted) == []


@pytest.mark.parametrize("options", [PAGE, KIOSK], ids=["page", "kiosk"])
def test_a_turn_sounds_the_same_on_every_client(options: ev.SessionOptions) -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, Cast(options=options, voice=VoiceScript(ms_per_char=10)))
    text = "It is fifty six. Is there anything else that you would like to know?"
    assert story.all(ev.ReplyDone)[0].text == text
    heard = sum(len(frame.samples) for frame in story.all(ev.AudioFrame))
    assert heard == sum(len(clause) for clause in text.split(". ")) * 160 + 160


def test_an_hour_of_silence_cost_no_events_beyond_the_flow() -> None:
    second = ev.AudioReceived(bytes(32_000))

    async def plot(story: Story) -> None:
        for _ in range(3600):
            await story.session.inbox.deliver(second)
            await asyncio.sleep(1)

    story = tell(plot, Cast(settings={"limits": {"session_s_max": 0}}))
    assert story.plot() == ["SessionReady"]
    assert len(story.all(ev.InputFlow)) == 3600
    assert len(story.log) == 3602
