"""Every reply that is begun has a number of its own, and posts under it."""

import asyncio
from collections import deque
from collections.abc import Sequence

import pytest

from models.llm import ChatModel, ChatOptions, Message
from models.scripted import ChatScript, ScriptedChat, ScriptedSynthesizer, VoiceScript
from voice_server import events as ev
from voice_server.bench.virtual_time import run_virtual
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.reply_maker import ReplyMaker
from voice_server.settings import Settings

pytestmark = pytest.mark.story

KIOSK = ev.SessionOptions(output_rate=16_000)


def maker(
    posted: deque[ev.InnerEvent],
    options: ev.SessionOptions = KIOSK,
    chat: ChatModel | None = None,
) -> ReplyMaker:
    return ReplyMaker(
        session="ses",
        settings=Settings(),
        options=options,
        chat=chat or ScriptedChat(ChatScript(("It is noon.",))),
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


class Reader(ScriptedChat):
    """A language model that keeps what it has read."""

    def __init__(self) -> None:
        super().__init__(ChatScript())
        self.read: list[list[str]] = []
        self.gate = asyncio.Event()

    async def warm(self, messages: Sequence[Message], options: ChatOptions) -> bool:
        self.read.append([line.content for line in messages[1:]])
        await self.gate.wait()
        return True


def test_what_is_known_is_read_ahead_once_at_a_time() -> None:
    async def play() -> None:
        reader = Reader()
        make = maker(deque(), chat=reader)
        items = (ev.Item("u", text="Hi."),)
        make.warm(items)
        make.warm(items)
        await asyncio.sleep(0)
        assert reader.read == [["Hi."]]
        reader.gate.set()
        await asyncio.sleep(1)
        make.warm(items)
        await asyncio.sleep(0)
        assert len(reader.read) == 2

    run_virtual(play())


def test_nothing_is_read_ahead_after_the_session() -> None:
    async def play() -> int:
        make = maker(deque(), chat=Reader())
        make.warm(())
        await asyncio.sleep(0)
        make.close()
        await asyncio.sleep(1)
        return len(asyncio.all_tasks())

    assert run_virtual(play()) == 1


def test_who_keeps_nothing_is_not_asked_to_read() -> None:
    async def play() -> int:
        maker(deque()).warm(())
        return len(asyncio.all_tasks())

    assert run_virtual(play()) == 1
