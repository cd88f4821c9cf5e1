"""What a session adds to its two halves: opening, obeying, showing its state, and letting go."""

import pytest

from models.scripted import ChatScript
from tests.support.story import KIOSK, Cast, Story, tell
from voice_server import events as ev
from voice_server.closes import ErrorCode

pytestmark = pytest.mark.story


def opened(config: ev.SessionConfig) -> Story:
    """A session that is opened with this configuration, and has a turn."""

    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.ReplyDone, status="completed")

    return tell(plot, Cast(options=ev.SessionOptions(config=config)))


def test_it_begins_with_what_was_granted_and_what_it_does() -> None:
    story = opened(ev.SessionConfig(voice="hum-low", speed=1.5, turn={"silence_ms": 400}))
    ready, listening = (entry.event for entry in story.log[:2])
    assert isinstance(ready, ev.SessionReady)
    assert isinstance(listening, ev.StateChanged)
    assert (ready.config["voice"], ready.config["speed"]) == ("hum-low", 1.5)
    assert ready.config["turn"]["silence_ms"] == 400  # type: ignore[index]


@pytest.mark.parametrize(
    "config",
    [
        ev.SessionConfig(voice="nobody"),
        ev.SessionConfig(speed=9),
        ev.SessionConfig(language="no such tag!"),
        ev.SessionConfig(turn={"silence": 400}),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_and_the_session_opens(
    config: ev.SessionConfig,
) -> None:
    story = opened(config)
    (error,) = story.all(ev.ErrorRaised)
    assert (error.code, error.fatal) == (ErrorCode.BAD_REQUEST, False)
    assert story.all(ev.SessionReady)[0].config["voice"] is None


def test_a_turn_is_shown_as_it_goes() -> None:
    story = opened(ev.SessionConfig())
    states = [changed.state.value for changed in story.all(ev.StateChanged)]
    in_order = ["listening", "hearing", "endpointing", "thinking", "speaking"]
    assert list(dict.fromkeys(states)) == in_order, "between words it may seem to end, too"
    assert states[-1] == "listening"


@pytest.mark.parametrize(("number", "stops"), [(None, True), (1, True), (7, False)])
def test_a_reply_is_cancelled_by_its_number_or_because_it_is_the_current_one(
    number: int | None, stops: bool
) -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.SayRequested("Dinner is ready, and the table is laid."))
        await story.until_sounding(300)
        await story.send(ev.ReplyCancelled(number))
        await story.expect(ev.ReplyDone, status="cancelled" if stops else "completed")

    tell(plot)


def test_there_may_be_nothing_to_cancel_or_to_report() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.ReplyCancelled())
        await story.send(ev.PlaybackReported(3, 1000))

    assert tell(plot).plot() == ["SessionReady"]


def test_typed_text_may_wait_for_its_answer() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.TextReceived("My name is Ada.", respond=False))
        await story.silence(1)
        assert story.all(ev.ReplyStarted) == []
        await story.send(ev.ReplyRequested(instructions="Greet."))
        await story.expect(ev.ReplyDone)

    assert tell(plot).chat.prompts == [[("user", "My name is Ada.")]]


def test_what_is_asked_in_passing_does_not_stop_a_reply() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.TextReceived("Tell me."))
        await story.until_sounding(200)
        await story.send(ev.TextReceived("By the way.", respond=False))
        await story.expect(ev.ReplyDone, status="completed")

    tell(plot, Cast(chat=ChatScript(("The moon is very far away.",)), options=KIOSK))


def test_every_error_is_counted_by_whoever_sends_it_and_only_there() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.AudioCommitted())

    story = tell(plot)
    assert len(story.all(ev.ErrorRaised)) == 1
    assert story.counted("errors_total", code="bad_request") == 0
