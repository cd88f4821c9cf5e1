"""Clients that send anything at any time: no story makes a session crash, or forget its order."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.llm import Tool
from models.scripted import ChatScript
from tests.support.story import PAGE, Cast, Entry, Story, check, tell
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.naming import other_item, reply_item, turn_item

pytestmark = pytest.mark.story

OPTIONS = ev.SessionOptions(
    output_rate=16_000,
    playback_reports=True,
    features=PAGE.features,
    config=ev.SessionConfig(tools=(Tool("look", "Look around."),)),
)
TALKS = ChatScript(("It is noon. What else would you like to know?",))
CALLS = ChatScript(TALKS.texts, tool_calls=(("look", json.dumps({"where": "up"})),))

NAMES = ("mine", turn_item("story", 1), reply_item("story", 1), other_item("story", 1))
names = st.sampled_from(NAMES)
numbers = st.integers(1, 4)
yes_or_no = st.booleans()
items = st.builds(ev.Item, st.sampled_from(("", *NAMES)), text=st.sampled_from(("", "Hi.")))
reports = st.builds(
    ev.PlaybackReported,
    numbers,
    st.integers(-5, 100_000),
    st.sampled_from(("playing", "paused", "stopped", "drained")),
)
requests = st.builds(
    ev.ReplyRequested,
    speaks=st.sampled_from((None, True, False)),
    follows=yes_or_no,
    input=st.sampled_from((None, (), ("mine",))),
)
configs = st.sampled_from(
    (
        ev.SessionConfig(turn={"mode": "manual"}),
        ev.SessionConfig(turn={"mode": "vad"}),
        ev.SessionConfig(turn={"interrupt": "instant"}),
        ev.SessionConfig(turn={"interrupt": "off"}),
        ev.SessionConfig(answers=False),
        ev.SessionConfig(speaks=False),
    )
)
client_events = st.one_of(
    st.builds(ev.TextReceived, st.just("What time is it?"), yes_or_no),
    st.builds(ev.SayRequested, st.just("Hear, hear."), interruptible=yes_or_no),
    requests,
    st.builds(ev.ReplyCancelled, st.none() | numbers),
    st.builds(ev.ReplyClipped, numbers, st.integers(-10, 5000)),
    st.builds(ev.ItemInserted, items, st.none() | st.just("") | names),
    st.builds(ev.ItemDeleted, names),
    st.builds(ev.ConfigChanged, configs),
    st.builds(ev.MicrophoneMuted, yes_or_no),
    st.just(ev.AudioCommitted()),
    st.just(ev.AudioCleared()),
    st.builds(ev.ToolReturned, st.sampled_from(("call_1", "call_2")), st.just("Dark.")),
    reports,
)
speech = st.tuples(st.just("say"), st.sampled_from((0.1, 0.6, 1.5)))
waiting = st.tuples(st.just("silence"), st.sampled_from((0.1, 0.5, 2.0)))


def without_tails(log: Sequence[Entry]) -> list[Entry]:
    """All but what becomes of the sound of replies that are done: another may have followed."""
    about_sound = ev.PlaybackPaused | ev.PlaybackResumed | ev.PlaybackStopped
    kept: list[Entry] = []
    done: set[int] = set()
    for entry in log:
        match entry.event:
            case ev.ReplyDone(reply):
                done.add(reply)
            case ev.ReplyTruncated():
                continue
            case about if isinstance(about, about_sound) and about.stream in done:
                continue
            case _:
                pass
        kept.append(entry)
    return kept


TAKEN = ev.ItemInserted(ev.Item(reply_item("story", 1), text="Mine."))
TYPED = ev.TextReceived("What time is it?")


@example([TAKEN, TYPED, ("silence", 0.5)], TALKS)
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.lists(client_events | speech | waiting, max_size=12), st.sampled_from((TALKS, CALLS)))
def test_nothing_that_a_client_does_breaks_its_conversation(
    deeds: Sequence[ev.ClientEvent | tuple[str, float]], chat: ChatScript
) -> None:
    async def plot(story: Story) -> None:
        for deed in deeds:
            match deed:
                case ("say", float(seconds)):
                    await story.say(seconds)
                case ("silence", float(seconds)):
                    await story.silence(seconds)
                case _ if not isinstance(deed, tuple):
                    await story.send(deed)
        await story.silence(0.3)
        await story.send(ev.ItemsWanted())

    story = tell(plot, Cast(chat=chat, options=OPTIONS), strict=False)
    check(without_tails(story.log))
    assert not [e for e in story.all(ev.ErrorRaised) if e.code is ErrorCode.INTERNAL]
    assert story.running.done() and story.running.exception() is None
    told = [item.id for item in story.remembered]
    assert told == [item.id for item in story.all(ev.ItemsShown)[-1].items]
