"""Every reply that is begun has a number of its own, and posts under it."""

import asyncio
from collections import deque

import pytest

from models.scripted import ChatScript, ScriptedChat, ScriptedSynthesizer, VoiceScript
from voice_server import events as ev
from voice_server.bench.virtual_time import run_virtual
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.reply_maker import ReplyMaker
from voice_server.settings import Settings

pytestmark = pytest.mark.story

KIOSK = ev.SessionOptions(output_rate=16_000)


def maker(posted: deque[ev.InnerEvent], options: ev.SessionOptions = KIOSK) -> ReplyMaker:
    return ReplyMaker(
        session="ses",
        settings=Settings(),
        options=options,
        chat=ScriptedChat(ChatScript(("It is noon.",))),
        synthesizer=ScriptedSynthesizer(VoiceScript()),
        tools={},
        post=posted.append,
    )


def test_replies_in_vain_have_numbers_too() -> None:
    async def play() -> tuple[list[int], set[int]]:
        posted: deque[ev.InnerEvent] = deque()
        make = maker(posted)
        vain = make.begin(ReplyCall("vad"), (), 1)
        real = make.begin(ReplyCall("vad"), (), 1)
        vain.cancel()
        assert real.task
        await real.task
        return [vain.plan.reply, real.plan.reply], {event.reply for event in posted}  # type: ignore[union-attr]

    assert run_virtual(play()) == ([1, 2], {2})


def test_a_plan_alone_begins_nothing() -> None:
    async def play() -> None:
        posted: deque[ev.InnerEvent] = deque()
        make = maker(posted)
        assert make.plan(ReplyCall("vad"), ()).reply == make.plan(ReplyCall("vad"), ()).reply == 1
        await asyncio.sleep(1)
        assert not posted

    run_virtual(play())


@pytest.mark.parametrize(
    ("request_", "known"),
    [
        (ReplyCall("vad", request=ev.ReplyRequested(follows=True)), False),
        (ReplyCall("request", request=ev.ReplyRequested(tag="t")), True),
    ],
)
def test_what_the_client_asked_for_comes_back_to_it(request_: ReplyCall, known: bool) -> None:
    async def play() -> ev.ReplyRequested | None:
        reply = maker(deque()).begin(request_, (), 1)
        reply.cancel()
        return reply.request

    assert (run_virtual(play()) is not None) is known


@pytest.mark.parametrize("cancelled", [True, False])
def test_loudness_is_kept_for_those_who_may_hear_themselves(cancelled: bool) -> None:
    async def play() -> bool:
        options = ev.SessionOptions(echo_cancelled=cancelled)
        reply = maker(deque(), options).begin(ReplyCall("vad"), (), 1)
        reply.cancel()
        return reply.levels is None

    assert run_virtual(play()) is cancelled


def test_the_configuration_and_the_format_are_the_next_replys() -> None:
    async def play() -> tuple[str | None, int]:
        make = maker(deque())
        make.config = ev.SessionConfig(voice="b")
        make.options = ev.SessionOptions(output_rate=8_000)
        plan = make.plan(ReplyCall("vad"), ())
        return plan.voice, plan.rate

    assert run_virtual(play()) == ("b", 8_000)
