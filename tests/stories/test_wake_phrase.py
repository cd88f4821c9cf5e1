"""A device that is called by name: what is for the assistant, and what nobody may learn."""

from collections.abc import Mapping, Sequence

import pytest

from models.llm import ChatOptions, Message
from models.scripted import ChatScript, RecognizerScript
from tests.support.story import AttentiveChat, Cast, Story, tell
from voice_server import events as ev

pytestmark = pytest.mark.story

CHATTER = "Shall we have dinner?"
QUESTION = "What time is it?"
TALE = "The moon goes around the earth once a month. It has no air and no water at all."


def cast(*texts: str, greeting: str = "", turn: Mapping[str, object] | None = None) -> Cast:
    turn = {"wake_phrases": ["hey computer"], "wake_open_ms": 5000, **(turn or {})}
    return Cast(
        recognizer=RecognizerScript(texts),
        chat=ChatScript((TALE,)),
        settings={"turn": turn, "llm": {"greeting": greeting}},
    )


def noted(story: Story) -> list[str]:
    return [notice.code for notice in story.all(ev.Noticed)]


def asked(story: Story) -> list[str]:
    """The last line of every prompt."""
    return [prompt[-1][1] for prompt in story.chat.prompts]


def test_what_is_said_before_the_phrase_goes_nowhere() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.5)
        await story.expect(ev.FinalTranscript, text="")
        await story.silence(2.0)

    story = tell(plot, cast(CHATTER))
    assert story.chat.prompts == []
    assert story.all(ev.PartialTranscript) == []
    assert story.all(ev.ReplyStarted) == []
    assert story.remembered == []
    assert noted(story) == []
    assert story.counted("turns_total", outcome="ignored") == 1


def test_it_is_no_reply_begun_ahead_either() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.5)
        await story.silence(3.0)

    eager = {"speculation_lead_ms": 5000, "soft_silence_ms": 50}
    story = tell(plot, cast(CHATTER, turn=eager))
    assert story.chat.prompts == []
    assert story.counted("speculations_total", result="wasted") == 0


def test_the_language_model_does_not_even_learn_that_somebody_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that keeps what it has read is sent the conversation ahead: not before the phrase."""
    warmed: list[Sequence[Message]] = []

    async def warm(_: AttentiveChat, messages: Sequence[Message], options: ChatOptions) -> bool:
        warmed.append(messages)
        return True

    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.FinalTranscript, text="")
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")
        assert warmed == []
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")

    monkeypatch.setattr(AttentiveChat, "warm", warm, raising=False)
    tell(plot, cast(CHATTER, f"Hey computer, {QUESTION}", "And tomorrow?"))
    assert len(warmed) == 1


def test_the_devices_screen_shows_it_if_asked() -> None:
    async def plot(story: Story) -> None:
        await story.say(2.0)
        await story.expect(ev.FinalTranscript, text=CHATTER)
        await story.silence(2.0)

    story = tell(plot, cast(CHATTER, turn={"wake_captions": True}))
    assert story.all(ev.PartialTranscript)
    assert story.chat.prompts == []
    assert story.remembered == []


def test_phrase_and_question_in_one_breath() -> None:
    async def plot(story: Story) -> None:
        await story.say(2.0)
        await story.expect(ev.Noticed, code="awake", in_s=5)
        await story.expect(ev.FinalTranscript, text=f"Hey computer, {QUESTION}")
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, cast(f"Hey computer, {QUESTION}"))
    assert set(asked(story)) == {QUESTION}
    assert story.all(ev.PartialTranscript)


def test_the_device_is_awake_before_the_question_ends() -> None:
    async def plot(story: Story) -> None:
        await story.say(2.5)
        assert noted(story) == ["awake"]
        await story.expect(ev.ReplyDone)

    tell(plot, cast(f"Hey computer, {QUESTION}"))


def test_the_phrase_alone_opens_the_door_for_the_question() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.FinalTranscript, text="Hey, computer!")
        await story.silence(3.0)
        assert story.chat.prompts == []
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, cast("Hey, computer!", QUESTION))
    assert set(asked(story)) == {QUESTION}
    assert noted(story) == ["awake"]


def test_after_the_answer_the_door_stays_open_and_then_shuts() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")
        await story.silence(4.0)
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")
        await story.expect(ev.Noticed, code="asleep")
        await story.say(1.0)
        await story.expect(ev.FinalTranscript, text="")
        await story.silence(1.0)

    story = tell(plot, cast(f"Hey computer, {QUESTION}", "And tomorrow?", CHATTER))
    assert set(asked(story)) == {QUESTION, "And tomorrow?"}
    assert noted(story) == ["awake", "asleep"]


def test_stop_needs_no_phrase_while_a_reply_sounds() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.until_sounding(1500)
        await story.say(0.6)
        await story.expect(ev.PlaybackStopped, reason="barge_in")

    tell(plot, cast(f"Hey computer, {QUESTION}", "Stop!"))


def test_a_greeting_can_be_stopped_but_opens_no_door() -> None:
    async def plot(story: Story) -> None:
        await story.until_sounding(1000)
        await story.say(0.8)
        await story.expect(ev.PlaybackStopped, reason="barge_in")
        await story.expect(ev.FinalTranscript, text="")
        await story.silence(2.0)

    story = tell(plot, cast("Stop it, please!", greeting=TALE))
    assert story.chat.prompts == []


def test_a_button_is_as_good_as_the_phrase() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.send(ev.AudioCommitted())
        await story.expect(ev.ReplyDone, status="completed")

    assert asked(tell(plot, cast(QUESTION))) == [QUESTION]


def test_typed_text_needs_no_phrase() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.TextReceived(QUESTION))
        await story.expect(ev.ReplyDone, status="completed")

    assert asked(tell(plot, cast(CHATTER))) == [QUESTION]


def test_a_session_chooses_its_own_phrases() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.ConfigChanged(ev.SessionConfig(turn={"wake_phrases": []})))
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")

    assert set(asked(tell(plot, cast(QUESTION)))) == {QUESTION}


@pytest.mark.parametrize("half_duplex", ["on", "off"])
def test_half_duplex_takes_no_voice_over_a_reply_for_the_user(half_duplex: str) -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.until_sounding(1000)
        await story.say(0.8)
        await story.expect(ev.ReplyDone)

    story = tell(
        plot, cast(f"Hey computer, {QUESTION}", "Stop!", turn={"half_duplex": half_duplex})
    )
    voices = len(story.all(ev.SpeechStarted))
    assert (voices, story.all(ev.ReplyDone)[0].status) == (
        (1, "completed") if half_duplex == "on" else (2, "interrupted")
    )


def test_half_duplex_listens_again_when_the_room_is_silent() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")
        await story.silence(0.4)
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")

    texts = (f"Hey computer, {QUESTION}", "And tomorrow?")
    assert asked(tell(plot, cast(*texts, turn={"half_duplex": "on"})))[-1] == "And tomorrow?"
