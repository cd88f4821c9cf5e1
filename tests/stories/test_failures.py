"""What a user notices when an engine fails: one clear error, as much of a reply as there was."""

import logging

import pytest

from models.scripted import ChatScript, RecognizerScript, VoiceScript
from tests.support.story import Cast, Story, tell
from voice_server import events as ev
from voice_server.closes import ErrorCode

pytestmark = pytest.mark.story

APOLOGY = "Sorry, I can't think of an answer right now."
ANSWER = "The moon is far away. It has no air. Nobody lives there."
TWICE = RecognizerScript(("Where is the moon?", "Is it far away?"))


async def ask_twice(story: Story) -> None:
    """The first reply fails, and the conversation goes on."""
    await story.say(1.0)
    await story.expect(ev.ReplyDone, status="failed")
    await story.say(1.0)
    await story.expect(ev.ReplyDone, status="completed", text=ANSWER)


def errors(story: Story) -> list[tuple[ErrorCode, bool]]:
    return [(error.code, error.fatal) for error in story.all(ev.ErrorRaised)]


@pytest.mark.parametrize("failure", ["unreachable", "refused", "hang_first"])
def test_a_model_that_fails_before_its_first_word_is_excused_aloud(failure: str) -> None:
    script = ChatScript((ANSWER,), fail=failure, fail_replies=1)  # type: ignore[arg-type]
    story = tell(ask_twice, Cast(TWICE, script))
    assert errors(story) == [(ErrorCode.LLM_FAILED, False)]
    failed = story.all(ev.ReplyDone)[0]
    assert failed.text == APOLOGY
    assert [frame for frame in story.all(ev.AudioFrame) if frame.stream == failed.reply]
    assert story.chat.prompts[-1][-2:] == [("assistant", APOLOGY), ("user", "Is it far away?")]


@pytest.mark.parametrize("failure", ["hang_middle", "break_middle"])
def test_what_a_model_said_before_it_failed_is_spoken_and_kept(failure: str) -> None:
    script = ChatScript((ANSWER,), fail=failure, fail_replies=1)  # type: ignore[arg-type]
    story = tell(ask_twice, Cast(TWICE, script))
    assert errors(story) == [(ErrorCode.LLM_FAILED, False)]
    failed = story.all(ev.ReplyDone)[0]
    assert failed.text
    assert ANSWER.startswith(failed.text)
    assert failed.text == story.all(ev.ReplyTextDone)[0].text
    assert [frame for frame in story.all(ev.AudioFrame) if frame.stream == failed.reply]


def test_a_voice_that_fails_leaves_the_text() -> None:
    async def plot(story: Story) -> None:
        for _ in range(2):
            await story.say(1.0)
            await story.expect(ev.ReplyDone, status="failed", text=ANSWER)

    story = tell(plot, Cast(TWICE, ChatScript((ANSWER,)), VoiceScript(fail=True)))
    assert errors(story) == [(ErrorCode.TTS_FAILED, False)] * 2
    assert [done.text for done in story.all(ev.ReplyTextDone)] == [ANSWER] * 2
    assert story.all(ev.AudioFrame) == []
    assert story.chat.prompts[-1][1] == ("assistant", ANSWER)


def test_a_recogniser_that_fails_is_told_of_and_asked_again() -> None:
    async def plot(story: Story) -> None:
        for _ in range(2):
            await story.say(1.0)
            await story.expect(ev.ErrorRaised, code=ErrorCode.ASR_FAILED, fatal=False)
            await story.expect(ev.FinalTranscript, text="")
        await story.send(ev.TextReceived("Where is the moon?"))
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, Cast(RecognizerScript(("What?",), fail="final")))
    assert len(errors(story)) == 2
    assert story.counted("turns_total", outcome="failed") == 2


def test_a_recogniser_that_fails_over_a_reply_lets_it_go_on() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.TextReceived("Where is the moon?"))
        await story.until_sounding(300)
        await story.say(0.4)
        await story.expect(ev.PlaybackResumed)
        await story.expect(ev.ReplyDone, status="completed", text=ANSWER)

    tell(plot, Cast(RecognizerScript(("",), fail="final"), ChatScript((ANSWER,))))


def test_partials_that_fail_are_not_missed() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.5)
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, Cast(RecognizerScript(("What time is it?",), fail="partial")))
    assert story.all(ev.PartialTranscript) == []
    assert errors(story) == []


def test_a_crash_in_an_engine_ends_the_reply_and_not_the_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def plot(story: Story) -> None:
        prompts = story.chat.prompts
        story.chat.prompts = None  # type: ignore[assignment]
        await story.send(ev.TextReceived("Where is the moon?"))
        await story.expect(ev.ErrorRaised, code=ErrorCode.INTERNAL, fatal=False)
        await story.expect(ev.ReplyTextDone)
        await story.expect(ev.ReplyDone, status="failed", text="")
        story.chat.prompts = prompts
        await story.send(ev.TextReceived("Is it far away?"))
        await story.expect(ev.ReplyDone, status="completed", text=ANSWER)

    with caplog.at_level(logging.ERROR):
        tell(plot, Cast(chat=ChatScript((ANSWER,))))
    (record,) = caplog.records
    assert "moon" not in str(vars(record))


def test_a_failed_answer_begun_early_is_only_told_of_when_the_turn_has_ended() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.silence(0.5)
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")

    settings = {"turn": {"endpoint": "fixed", "silence_ms": 700}}
    script = ChatScript((ANSWER,), fail="unreachable", fail_replies=1)
    story = tell(plot, Cast(TWICE, script, settings=settings))
    assert errors(story) == []
    assert story.all(ev.ReplyDone)[0].text == ANSWER


def test_bad_requests_are_answered_with_what_to_do_and_the_talk_goes_on() -> None:
    async def plot(story: Story) -> None:
        bad_turn = ev.SessionConfig(turn={"silence_ms": 5})
        for request, hint in (
            (ev.ConfigChanged(bad_turn), "turn.silence_ms"),
            (ev.ConfigChanged(ev.SessionConfig(voice="nobody")), "hum"),
            (ev.SayRequested("Hi.", voice="nobody"), "hum"),
            (ev.MessageRefused(ErrorCode.BAD_FRAME, "Send whole samples."), "whole samples"),
            (ev.SessionOpened(ev.SessionOptions()), "config.update"),
        ):
            await story.send(request)
            error = await story.expect(ev.ErrorRaised, fatal=False)
            assert hint in error.message
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot)
    assert story.all(ev.ConfigConfirmed) == []


def test_a_microphone_that_stops_in_mid_turn_has_fallen_silent() -> None:
    async def plot(story: Story) -> None:
        await story.say(0.8)
        await story.expect(ev.FinalTranscript, text="What time is it?")
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot)
    assert [len(prompt) for prompt in story.chat.prompts[-1:]] == [1]


def test_a_microphone_that_stops_over_a_reply_lets_it_go_on() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.AudioStarted)
        await story.until_sounding(1000)
        await story.say(0.3)
        await story.expect(ev.PlaybackPaused)
        await story.expect(ev.PlaybackResumed)
        await story.expect(ev.ReplyDone, status="completed")

    tell(plot, Cast(RecognizerScript(("Where is the moon?", ""))))


def test_a_reply_longer_than_allowed_is_remembered_as_far_as_it_was_spoken() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="length")
        await story.say(1.0)
        await story.expect(ev.ReplyDone)

    answer = "This is one sentence. " * 40
    settings = {"tts": {"reply_s_max": 2}}
    story = tell(plot, Cast(TWICE, ChatScript((answer,)), settings=settings))
    first = story.all(ev.ReplyDone)[0]
    assert first.text
    assert len(first.text) < 200
    assert answer.startswith(first.text)
    assert story.chat.prompts[-1][-2] == ("assistant", f"{first.text} —")
