"""After a reply: the client has a moment to say where it stopped, and may correct it later."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.support.booth import Booth
from tests.support.story import PAGE
from voice_server import events as ev
from voice_server.bench.virtual_time import run_virtual
from voice_server.conversation.active_reply import ActiveReply
from voice_server.conversation.aftermath import PAST_MAX, SETTLE_S, Aftermath
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.memory import Memory
from voice_server.metrics import Metrics

pytestmark = pytest.mark.story

TALE = "The moon goes around the earth once a month. It has no air and no water at all."
SAY = ReplyCall("say", text=TALE)


class Scene:
    """An aftermath, and replies that a booth has made for it."""

    def __init__(self) -> None:
        self.booth = Booth(options=PAGE)
        self.told: list[ev.ServerEvent] = []
        self.memory = Memory("ses_aftermath", 4096, lambda event: None)
        self.aftermath = Aftermath(self.memory, Metrics(), self.told.append)

    async def reply(self, number: int, seconds: float) -> ActiveReply:
        """A reply that has been played for so long."""
        self.booth.speaker.call(SAY, self.booth.clock())
        reply = self.booth.speaker.current
        assert reply
        await self.booth.pass_time(seconds)
        reply.number = number
        reply.remembered = True
        self.memory.reply_began(number, spoken=True)
        return reply


def perform(play: Callable[[Scene], Awaitable[None]]) -> Scene:
    async def run() -> Scene:
        scene = Scene()
        await play(scene)
        scene.booth.speaker.close()
        await asyncio.sleep(0)
        return scene

    return run_virtual(run())


def test_a_stopped_reply_settles_when_its_time_has_come() -> None:
    async def play(scene: Scene) -> None:
        reply, now = await scene.reply(1, 1.0), scene.booth.clock()
        scene.aftermath.stopped(reply, "interrupted", now, wait=True)
        assert scene.aftermath.settling is reply
        assert scene.aftermath.due == now + SETTLE_S
        assert scene.told == []
        scene.aftermath.settle(now + SETTLE_S)
        scene.aftermath.settle(now + SETTLE_S)

    scene = perform(play)
    assert [type(event).__name__ for event in scene.told] == ["ReplyTruncated", "ReplyDone"]


def test_who_says_nothing_is_not_waited_for() -> None:
    async def play(scene: Scene) -> None:
        reply = await scene.reply(1, 1.0)
        scene.aftermath.stopped(reply, "cancelled", scene.booth.clock(), wait=False)

    assert len(perform(play).told) == 2


def test_a_reply_that_was_sent_whole_is_a_tail_until_it_was_played_or_cut() -> None:
    async def play(scene: Scene) -> None:
        reply = await scene.reply(1, 3.0)
        assert reply.playout.sent_out
        now = scene.booth.clock()
        scene.aftermath.completed(reply, now)
        assert scene.aftermath.tail(now) is reply
        assert scene.aftermath.tail(now + 10) is None
        scene.aftermath.completed(reply, now)
        scene.aftermath.cut(reply, now)
        assert scene.aftermath.tail(now) is None

    scene = perform(play)
    (item,) = scene.memory.items
    assert item.status == "incomplete"
    assert 0 < len(item.text) < len(TALE)


def test_only_the_last_few_are_known() -> None:
    async def play(scene: Scene) -> None:
        reply = await scene.reply(1, 3.0)
        for number in range(1, PAST_MAX + 2):
            reply.number = number
            scene.aftermath.completed(reply, scene.booth.clock())
        assert scene.aftermath.find(PAST_MAX + 1) is reply
        assert scene.aftermath.find(99) is None

    perform(play)
