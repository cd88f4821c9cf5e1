"""Tools: called after the turn, answered by whoever has them, then spoken about."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from models.llm import Tool
from models.scripted import ChatScript, RecognizerScript
from tests.support.story import PAGE, Cast, Story, tell
from voice_server import events as ev
from voice_server.conversation.prompt import UNANSWERED
from voice_server.toolbox import ServerTool, server_tool

pytestmark = pytest.mark.story

LOOK = Tool("look", "Look around.")
WITH_LOOK = ev.SessionOptions(
    output_rate=16_000,
    playback_reports=True,
    features=PAGE.features,
    config=ev.SessionConfig(tools=(LOOK,)),
)
ASKS = ChatScript(("It is dark.", "Anything else?"), tool_calls=(("look", '{"where":"up"}'),))
BOTH = ChatScript(("Done.",), tool_calls=(("look", "{}"), ("look", "{}")))
PREAMBLE = ChatScript(
    ("It is dark.",),
    tool_calls=ASKS.tool_calls,
    tool_preamble="Let me look at that for you.",
)


async def look(where: str = "") -> str:
    """Look around."""
    return f"Dark, looking {where}."


async def stare(where: str = "") -> str:
    """Look for ever."""
    await asyncio.Event().wait()
    return where


async def stumble(where: str = "") -> str:
    """Look and fall."""
    raise OSError(where)


def tools(function: Callable[..., Awaitable[str]]) -> dict[str, ServerTool]:
    return {"look": server_tool("look", function)}


async def ask(story: Story) -> ev.ToolCalled:
    await story.send(ev.TextReceived("Is it dark?"))
    return await story.expect(ev.ToolCalled)


def test_the_client_answers_and_the_assistant_goes_on() -> None:
    async def plot(story: Story) -> None:
        call = await ask(story)
        await story.expect(ev.ReplyDone)
        await story.send(ev.ToolReturned(call.call, "Pitch dark."))
        await story.expect(ev.ReplyDone, status="completed")

    story = tell(plot, Cast(chat=ASKS, options=WITH_LOOK))
    (call,) = story.all(ev.ToolCalled)
    assert (call.name, json.loads(call.arguments)) == ("look", {"where": "up"})
    assert not call.by_server
    assert [started.cause for started in story.all(ev.ReplyStarted)] == ["text", "tool"]
    assert story.chat.prompts[-1] == [
        ("user", "Is it dark?"),
        ("assistant", ""),
        ("tool", "Pitch dark."),
    ]
    assert story.all(ev.ReplyDone)[-1].text == "It is dark."


def test_the_server_answers_by_itself() -> None:
    async def plot(story: Story) -> None:
        assert (await ask(story)).by_server
        await story.expect(ev.ReplyDone, text="It is dark.")

    story = tell(plot, Cast(chat=ASKS, tools=tools(look)))
    assert story.chat.prompts[-1][-1] == ("tool", "Dark, looking up.")
    assert story.counted("tool_calls_total", by="server") == 1


@pytest.mark.parametrize(
    ("function", "told"),
    [(stare, "The tool gave no answer within 10 seconds."), (stumble, "The tool failed.")],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_tool_that_fails_says_so_to_the_model(
    function: Callable[..., Awaitable[str]], told: str
) -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.expect(ev.ReplyDone, text="It is dark.")

    story = tell(plot, Cast(chat=ASKS, tools=tools(function)))
    assert story.chat.prompts[-1][-1] == ("tool", told)


def test_all_calls_of_a_reply_are_answered_before_it_goes_on() -> None:
    async def plot(story: Story) -> None:
        first = await ask(story)
        second = await story.expect(ev.ToolCalled)
        await story.send(ev.ToolReturned(second.call, "Two."))
        await story.silence(1)
        assert len(story.all(ev.ReplyStarted)) == 1
        await story.send(ev.ToolReturned(first.call, "One."))
        await story.expect(ev.ReplyDone, text="Done.")

    story = tell(plot, Cast(chat=BOTH, options=WITH_LOOK))
    assert story.chat.prompts[-1][-2:] == [("tool", "One."), ("tool", "Two.")]


def test_a_client_that_wants_no_reply_gets_none() -> None:
    async def plot(story: Story) -> None:
        call = await ask(story)
        await story.send(ev.ToolReturned(call.call, "Dark.", respond=False))
        await story.silence(2)
        assert len(story.all(ev.ReplyStarted)) == 1
        await story.send(ev.ReplyRequested(follows=True))
        await story.expect(ev.ReplyDone, text="It is dark.")

    tell(plot, Cast(chat=ASKS, options=WITH_LOOK))


def test_an_answer_to_nothing_is_refused() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.Identified("a", ev.ToolReturned("call_9", "What?")))

    (error,) = tell(plot, Cast(options=WITH_LOOK)).all(ev.ErrorRaised)
    assert (error.id, error.message) == ("a", "no tool call 'call_9' waits for an answer")


def test_no_tool_runs_before_the_turn_has_ended() -> None:
    """The reply is made early and held; its call is told when the user has really finished."""

    async def plot(story: Story) -> None:
        await story.say(1.0)
        await story.expect(ev.ReplyDone, text="It is dark.")

    story = tell(plot, Cast(RecognizerScript(("Is it dark?",)), chat=ASKS, tools=tools(look)))
    assert story.counted("speculations_total", outcome="used") >= 1
    assert len(story.all(ev.ToolCalled)) == 1
    order = story.plot()
    assert order.index("FinalTranscript") < order.index("ToolCalled")


def test_what_is_said_before_a_call_is_heard_whole_and_the_answer_follows_without_a_gap() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.expect(ev.ReplyDone, text="It is dark.")

    story = tell(plot, Cast(chat=PREAMBLE, tools=tools(look)))
    first, second = story.all(ev.ReplyDone)
    assert (first.status, first.text) == ("completed", "Let me look at that for you.")
    total = story.all(ev.AudioDone)[0].total_samples / 16_000
    sounds = {frame.stream: at for at, frame in _frames(story)}
    gap = sounds[2] - (sounds[1] + total)
    assert gap < 0.05, "its first audio was sent before the last of the first was heard"
    assert story.chat.prompts[-1][1] == ("assistant", "Let me look at that for you.")
    assert second.status == "completed"


def _frames(story: Story) -> list[tuple[float, ev.AudioFrame]]:
    return [
        (entry.at_s, entry.event)
        for entry in story.log
        if isinstance(entry.event, ev.AudioFrame) and entry.event.first
    ]


def test_who_interrupts_is_answered_instead_and_the_call_is_known_to_be_open() -> None:
    async def plot(story: Story) -> None:
        await story.send(ev.TextReceived("Is it dark?"))
        call = await story.expect(ev.ToolCalled)
        await story.until_sounding(400)
        await story.say(1.2)
        await story.expect(ev.ReplyDone, status="interrupted")
        await story.expect(ev.FinalTranscript)
        await story.expect(ev.ReplyDone)
        await story.send(ev.ToolReturned(call.call, "Too late."))
        await story.silence(2)

    chat = ChatScript(
        ("Never mind.",), tool_calls=ASKS.tool_calls, tool_preamble=PREAMBLE.tool_preamble * 3
    )
    cast = Cast(RecognizerScript(("What about the sun?",)), chat=chat, options=WITH_LOOK)
    story = tell(plot, cast)
    assert ("tool", UNANSWERED) in story.chat.prompts[-1]
    assert [started.cause for started in story.all(ev.ReplyStarted)] == ["text", "vad"]
    late = story.remembered[-1]
    assert (late.kind, late.text) == ("tool_result", "Too late.")


def test_the_model_cannot_call_for_ever() -> None:
    async def plot(story: Story) -> None:
        await ask(story)
        await story.silence(8)

    cast = Cast(
        chat=ChatScript(("Enough.",), tool_calls=ASKS.tool_calls),
        tools=tools(look),
        settings={"tools": {"rounds_max": 1}},
    )
    story = tell(plot, cast)
    assert story.chat.choices == ["auto", "none"]


def test_output_is_bounded() -> None:
    async def plot(story: Story) -> None:
        call = await ask(story)
        await story.send(ev.ToolReturned(call.call, "x" * 1000))
        await story.expect(ev.ReplyDone, text="It is dark.")

    cast = Cast(chat=ASKS, options=WITH_LOOK, settings={"tools": {"output_bytes_max": 256}})
    story = tell(plot, cast)
    assert story.chat.prompts[-1][-1] == ("tool", "x" * 256 + " …")
    assert story.counted("limit_hits_total", limit="tool_output_bytes") == 1


def test_a_sound_that_was_nothing_does_not_keep_the_answer_from_being_told() -> None:
    async def plot(story: Story) -> None:
        called = await ask(story)
        await story.expect(ev.ReplyDone)
        await story.say(0.4)
        await story.send(ev.ToolReturned(called.call, "It is dark."))
        await story.send(ev.AudioCleared())
        await story.expect(ev.ReplyStarted, cause="tool")
        await story.expect(ev.ReplyDone)

    tell(plot, Cast(chat=ASKS, options=WITH_LOOK))


def test_a_turn_without_words_does_not_end_the_wait_for_a_tool() -> None:
    async def plot(story: Story) -> None:
        called = await ask(story)
        await story.expect(ev.ReplyDone)
        await story.say(0.6)
        await story.expect(ev.FinalTranscript, text="")
        await story.send(ev.ToolReturned(called.call, "It is dark."))
        await story.expect(ev.ReplyStarted, cause="tool")
        await story.expect(ev.ReplyDone)

    tell(plot, Cast(chat=ASKS, options=WITH_LOOK, recognizer=RecognizerScript(("",))))


def test_a_server_that_leaves_awaits_the_tool_and_says_what_it_brought() -> None:
    async def plot(story: Story) -> None:
        call = await ask(story)
        await story.expect(ev.ReplyDone)
        story.session.inbox.post(ev.ServerLeaving())
        await story.silence(1.0)
        assert not story.all(ev.GoingAway)
        await story.send(ev.ToolReturned(call.call, "Pitch dark."))
        await story.expect(ev.GoingAway)

    story = tell(plot, Cast(chat=ASKS, options=WITH_LOOK))
    assert story.all(ev.ReplyDone)[-1].text == "It is dark."
