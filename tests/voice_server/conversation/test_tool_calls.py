"""Open calls: closed by their answers, bounded, and left alone when the user takes over."""

import asyncio
from collections import deque

import pytest

from voice_server import events as ev
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.memory import Memory
from voice_server.conversation.tool_calls import OPEN_MAX, ToolCalls, ToolError
from voice_server.metrics import Metrics
from voice_server.settings import ToolSettings
from voice_server.toolbox import server_tool

pytestmark = pytest.mark.story


async def look() -> str:
    return "Dark."


class Desk:
    """Open calls, and everything around them."""

    def __init__(self, settings: ToolSettings | None = None) -> None:
        self.posted: deque[ev.InnerEvent] = deque()
        self.memory = Memory("ses_desk", 4096, lambda event: None)
        self.calls = ToolCalls(
            settings=settings or ToolSettings(),
            tools={"look": server_tool("look", look)},
            memory=self.memory,
            metrics=Metrics(),
            post=self.posted.append,
        )

    def called(self, reply: int, call: str, *, by_server: bool = False) -> None:
        self.calls.called(ev.ToolCalled(reply, call, "look", "{}", by_server), 7)


def test_the_last_answer_of_a_reply_lets_it_go_on() -> None:
    desk = Desk()
    desk.called(1, "a")
    desk.called(1, "b")
    assert desk.calls.waiting
    assert desk.calls.returned(ev.ToolReturned("b", "2")) is None
    call = desk.calls.returned(ev.ToolReturned("a", "1"))
    assert call
    assert (call.cause, call.turn, call.may_call, call.follows) == ("tool", 7, True, True)
    assert [item.text for item in desk.memory.items] == ["{}", "{}", "2", "1"]


def test_replies_have_their_own_rounds() -> None:
    desk = Desk()
    desk.called(1, "a")
    desk.called(2, "b")
    assert desk.calls.returned(ev.ToolReturned("a", "1")) is not None
    assert desk.calls.waiting


def test_one_no_is_enough() -> None:
    desk = Desk()
    desk.called(1, "a")
    desk.called(1, "b")
    desk.calls.returned(ev.ToolReturned("a", "1", respond=False))
    assert desk.calls.returned(ev.ToolReturned("b", "2")) is None


def test_nothing_follows_once_the_user_has_taken_over() -> None:
    desk = Desk()
    desk.called(1, "a")
    desk.calls.leave()
    assert not desk.calls.waiting
    assert desk.calls.returned(ev.ToolReturned("a", "1")) is None
    assert desk.memory.items[-1].text == "1"


def test_an_answer_is_taken_once() -> None:
    desk = Desk()
    desk.called(1, "a")
    desk.calls.returned(ev.ToolReturned("a", "1"))
    with pytest.raises(ToolError, match="no tool call 'a'"):
        desk.calls.returned(ev.ToolReturned("a", "1"))
    assert desk.calls.finished(ev.ToolFinished("a", "1")) is None


def test_only_so_many_rounds_may_call() -> None:
    desk = Desk(ToolSettings(rounds_max=2))
    may_call = []
    for reply, call in ((1, "a"), (2, "b")):
        desk.called(reply, call)
        again = desk.calls.returned(ev.ToolReturned(call, "x"))
        assert isinstance(again, ReplyCall)
        may_call.append(again.may_call)
    assert may_call == [True, False]


def test_calls_nobody_answers_are_forgotten_in_the_end() -> None:
    desk = Desk()
    for number in range(OPEN_MAX + 1):
        desk.called(number, f"call_{number}")
    with pytest.raises(ToolError):
        desk.calls.returned(ev.ToolReturned("call_0", "x"))
    assert desk.calls.returned(ev.ToolReturned("call_1", "x"))


def test_the_server_runs_its_own() -> None:
    async def play() -> None:
        desk = Desk()
        desk.called(1, "a", by_server=True)
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        assert desk.posted.pop() == ev.ToolFinished("a", "Dark.")

    asyncio.run(play())


def test_nothing_runs_on_after_the_session() -> None:
    async def play() -> int:
        desk = Desk()
        desk.called(1, "a", by_server=True)
        desk.calls.close()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not desk.posted
        return len(asyncio.all_tasks())

    assert asyncio.run(play()) == 1
