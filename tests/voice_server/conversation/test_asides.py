"""Replies beside the conversation: written, bounded, cancelled, never remembered."""

from collections.abc import Awaitable, Callable

import pytest

from tests.support.booth import Booth
from voice_server import events as ev
from voice_server.bench.virtual_time import run_virtual
from voice_server.conversation.asides import ASIDES_MAX
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.turns import Floor

pytestmark = pytest.mark.story

ASIDE = ReplyCall("request", request=ev.ReplyRequested(speaks=False, aside=True, tag="mine"))


def perform(play: Callable[[Booth], Awaitable[None]]) -> Booth:
    async def run() -> Booth:
        booth = Booth("A tale of the moon.")
        await play(booth)
        booth.speaker.close()
        return booth

    return run_virtual(run())


def test_it_is_written_without_the_floor() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.call(ASIDE, booth.clock())
        assert booth.turns.floor is Floor.FREE
        assert booth.speaker.current is None
        await booth.pass_time(1)

    booth = perform(play)
    (started,) = booth.all(ev.ReplyStarted)
    assert (started.speaks, started.request and started.request.tag) == (False, "mine")
    (done,) = booth.all(ev.ReplyDone)
    assert (done.status, done.text) == ("completed", "A tale of the moon.")
    assert booth.speaker.memory.items == ()
    assert booth.all(ev.AudioFrame) == []


def test_a_held_reply_gives_up_its_number() -> None:
    async def play(booth: Booth) -> None:
        booth.speaker.foresee(ReplyCall("vad", 1, foreseen="Hi."))
        booth.speaker.call(ASIDE, booth.clock())
        booth.speaker.user_said("Hi.", booth.clock())
        booth.speaker.call(ReplyCall("vad", 1), booth.clock())
        await booth.pass_time(5)

    assert [done.reply for done in perform(play).all(ev.ReplyDone)] == [1, 2]


def test_one_is_cancelled_by_its_number_and_all_without_one() -> None:
    async def play(booth: Booth) -> None:
        for _ in range(3):
            booth.speaker.call(ASIDE, booth.clock())
        assert booth.speaker.cancel(2, booth.clock())
        assert not booth.speaker.cancel(9, booth.clock())
        booth.speaker.cancel(None, booth.clock())
        await booth.pass_time(1)

    done = perform(play).all(ev.ReplyDone)
    assert [(one.reply, one.status) for one in done] == [
        (2, "cancelled"),
        (1, "cancelled"),
        (3, "cancelled"),
    ]


def test_there_are_only_so_many() -> None:
    async def play(booth: Booth) -> None:
        for _ in range(ASIDES_MAX):
            assert not booth.speaker.asides.full
            booth.speaker.call(ASIDE, booth.clock())
        assert booth.speaker.asides.full

    perform(play)
