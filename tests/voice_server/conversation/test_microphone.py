"""What the microphone brings: heard, let pass, missing or late; and how far it was taken in."""

import pytest

from models.scripted import RecognizerScript
from tests.support.story import Cast, Story, tell
from voice_server import events as ev
from voice_server.conversation.microphone import FLOW_MS

pytestmark = pytest.mark.story

TALKS = RecognizerScript(("What time is it?",))


def test_the_flow_is_reported_once_a_second_of_audio() -> None:
    async def plot(story: Story) -> None:
        await story.silence(3.5)

    story = tell(plot)
    assert [flow.position for flow in story.all(ev.InputFlow)] == [
        second * 16 * FLOW_MS for second in (1, 2, 3)
    ]


def test_muted_in_the_middle_of_a_turn_ends_it_and_listens_no_more() -> None:
    async def plot(story: Story) -> None:
        await story.say(0.8)
        await story.send(ev.MicrophoneMuted(muted=True))
        await story.expect(ev.FinalTranscript)
        await story.say(1.0)
        await story.silence(2)

    story = tell(plot, Cast(recognizer=TALKS))
    assert len(story.all(ev.SpeechStarted)) == 1
    assert not story.all(ev.ErrorRaised)


def test_a_session_that_only_speaks_lets_the_microphone_pass() -> None:
    async def plot(story: Story) -> None:
        await story.say(1.5)

    story = tell(plot, Cast(options=ev.SessionOptions(mode="tts")))
    assert not story.all(ev.SpeechStarted)
    assert story.all(ev.InputFlow)[-1].position >= 16_000


@pytest.mark.parametrize("lost", [True, False])
def test_what_will_not_come_is_told_only_where_it_was_meant_to_come(lost: bool) -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.AudioMissed(48_000, lost))
        await story.silence(0.2)

    story = tell(plot)
    assert [notice.code for notice in story.all(ev.Noticed)] == (["input_gap"] if lost else [])
    assert story.all(ev.InputFlow)[0].position >= 48_000


def test_committing_nothing_is_refused() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.AudioCommitted())

    (error,) = tell(plot).all(ev.ErrorRaised)
    assert not error.fatal
