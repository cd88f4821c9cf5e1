"""Several language models: the next one answers, until the reply has begun. In virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from models.llm import (
    ChatError,
    ChatFailure,
    ChatOptions,
    Message,
    ReplyPiece,
    TextDelta,
)
from models.llm.fallback_chat import BreakerLimits, FallbackChat
from models.llm.health import ChatHealth
from models.scripted import ChatScript, ScriptedChat
from tests.support.chat_model import Watched, ask, failure_of
from voice_server.bench.virtual_time import run_virtual

pytestmark = pytest.mark.story


class _Chat(ScriptedChat):
    """Answers with its name, and counts how often it was asked."""

    def __init__(self, name: str, fail: str = "never", fail_replies: int | None = None) -> None:
        script = ChatScript((name,), fail=fail, fail_replies=fail_replies)  # type: ignore[arg-type]
        super().__init__(script)
        self.name = name
        self.asked = 0
        self.warmed = 0
        self.closed = False

    def reply(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> AsyncGenerator[ReplyPiece, None]:
        self.asked += 1
        return super().reply(messages, options)

    async def warm(self, messages: Sequence[Message], options: ChatOptions) -> bool:
        self.warmed += 1
        return True

    async def close(self) -> None:
        self.closed = True


LIMITS = BreakerLimits(failures_max=2, rest_s=10)


@pytest.mark.parametrize("fail", ["unreachable", "refused", "hang_first"])
def test_the_next_one_answers(fail: str) -> None:
    async def story() -> None:
        chat = FallbackChat([_Chat("first", fail), _Chat("second")], LIMITS)
        assert (await ask(chat))[0] == "second"
        assert chat.name == "first"

    run_virtual(story())


def test_a_reply_that_has_begun_is_not_begun_again() -> None:
    async def story() -> None:
        second = _Chat("second")
        chat = FallbackChat([_Chat("one two", "break_middle"), second], LIMITS)
        error, text = await failure_of(chat)
        assert (error.failure, text, second.asked) == (ChatFailure.BROKEN, "one", 0)

    run_virtual(story())


def test_when_all_fail_the_last_error_is_told() -> None:
    async def story() -> None:
        chat = FallbackChat([_Chat("first", "unreachable"), _Chat("second", "refused")], LIMITS)
        assert (await failure_of(chat))[0].failure is ChatFailure.REFUSED

    run_virtual(story())


def test_one_that_keeps_failing_is_left_alone_and_tried_again() -> None:
    async def story() -> None:
        first, second, watched = _Chat("first", "unreachable", 2), _Chat("second"), Watched()
        chat = FallbackChat([first, second], LIMITS, watcher=watched)
        assert [(await ask(chat))[0] for _ in range(4)] == ["second"] * 4
        assert first.asked == 2, "then it rests"
        assert chat.healths == [("first", ChatHealth.RESTING), ("second", ChatHealth.READY)]
        assert await chat.warm([], ChatOptions())
        assert (first.warmed, second.warmed) == (0, 1)
        await asyncio.sleep(10)
        assert (await ask(chat))[0] == "first"
        assert watched.seen == [("rested", "first"), ("trusted", "first")]
        assert chat.healths == [("first", ChatHealth.READY), ("second", ChatHealth.READY)]

    run_virtual(story())


def test_refusals_open_no_breaker() -> None:
    async def story() -> None:
        first = _Chat("first", "refused")
        chat = FallbackChat([first, _Chat("second")], LIMITS)
        for _ in range(5):
            await ask(chat)
        assert first.asked == 5

    run_virtual(story())


def test_when_all_rest_the_one_that_rested_longest_is_asked() -> None:
    async def story() -> None:
        first, second = _Chat("first", "unreachable", 2), _Chat("second", "unreachable")
        chat = FallbackChat([first, second], LIMITS)
        for _ in range(2):
            await failure_of(chat)
        assert (await ask(chat))[0] == "first"

    run_virtual(story())


def test_a_reply_that_is_given_up_leaves_the_trial_to_the_next() -> None:
    async def story() -> None:
        first = _Chat("first", "unreachable", 2)
        chat = FallbackChat([first, _Chat("second")], LIMITS)
        for _ in range(2):
            await ask(chat)
        await asyncio.sleep(10)
        trial = asyncio.create_task(ask(chat))
        await asyncio.sleep(0.01)
        assert (await ask(chat))[0] == "second", "one trial at a time"
        trial.cancel()
        await asyncio.gather(trial, return_exceptions=True)
        assert (await ask(chat))[0] == "first"

    run_virtual(story())


def test_leaving_in_the_middle_closes_the_stream() -> None:
    async def story() -> None:
        chat = FallbackChat([_Chat("one two three")], LIMITS)
        async with aclosing(chat.reply([], ChatOptions())) as pieces:
            assert await anext(pieces) == TextDelta("one")
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)

    run_virtual(story())


def test_closing_closes_all() -> None:
    async def story() -> None:
        both = [_Chat("first"), _Chat("second")]
        await FallbackChat(both).close()
        assert all(chat.closed for chat in both)

    run_virtual(story())


def test_a_model_that_cannot_be_warmed_is_not() -> None:
    chat = FallbackChat([ScriptedChat()])
    assert not run_virtual(chat.warm([], ChatOptions()))


def test_the_failure_is_the_models_own() -> None:
    async def story() -> None:
        with pytest.raises(ChatError, match="unreachable, as asked"):
            await ask(FallbackChat([_Chat("only", "unreachable")], LIMITS))

    run_virtual(story())
