"""Whole calls, on every protocol: greeted, asked, answered, interrupted, hung up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from functools import partial

import numpy as np
import pytest

from audio import Samples
from tests.support.phone.audiosocket_line import audiosocket_call
from tests.support.phone.binary_lines import asterisk_call, vonage_call
from tests.support.phone.line import Line
from tests.support.phone.media_stream import telnyx_call, twilio_call
from tests.support.scrape import scrape_until
from tests.support.server import ServerProcess
from tests.support.speech import say
from voice_server.bench.word_error import word_error

pytestmark = pytest.mark.socket

Understand = Callable[[Samples, int], Awaitable[str]]
Call = Callable[[ServerProcess], AbstractAsyncContextManager[Line]]

CALLS: dict[str, Call] = {
    "twilio": lambda server: twilio_call(server.url),
    "telnyx": lambda server: telnyx_call(server.url),
    "vonage": lambda server: vonage_call(server.url),
    "asterisk": lambda server: asterisk_call(server.url),
    "asterisk-ulaw-plain": lambda server: asterisk_call(server.url, "ulaw", as_json=False),
    "audiosocket": lambda server: audiosocket_call(server.ready["audiosocket"]),
}

GREETING = "Good morning."
QUESTION = "Say the window is open."
STORY = "Tell me a story."
REPLY_MS = 940
"""How long the scripted voice hums."""

MOST_DIFFERENT = ("twilio", "asterisk", "audiosocket")

QUESTIONS = {
    "Say the window is open.": "The window is open.",
    "Repeat, set an alarm for six o'clock.": "Set an alarm for six o'clock.",
    "Say I have a question.": "I have a question.",
    "Repeat do I have any new messages?": "Do I have any new messages?",
    "Thank you.": "You are welcome.",
    "Stop the alarm.": "Okay.",
    "Say the door is open.": "The door is open.",
    "Count to five.": "One, two, three, four, five.",
}


async def spoken(text: str, rate: int) -> Samples:
    return await asyncio.to_thread(say, text, None, rate, trail_ms=0)


async def on_every_line(
    server: ServerProcess,
    plot: Callable[[Line], Awaitable[object]],
    names: Iterable[str] = CALLS,
) -> None:
    """The same call on every protocol, all at once; a failure names the protocol."""

    async def one(name: str) -> None:
        try:
            async with CALLS[name](server) as call:
                await plot(call)
        except Exception as error:
            error.add_note(f"on the line of {name}")
            raise

    async with asyncio.TaskGroup() as calls:
        for name in names:
            calls.create_task(one(name))


async def test_eight_callers_at_once_are_greeted_ask_and_hear_their_answers(
    phone: ServerProcess, understand: Understand
) -> None:
    async def one(name: str, question: str, expected: str) -> None:
        async with CALLS[name](phone) as call:
            greeting = await call.answer()
            await call.say(await spoken(question, call.rate))
            answer = await call.answer()
            await call.hang_up()
        assert word_error(GREETING, await understand(greeting, call.rate)) <= 0.5
        assert word_error(expected, await understand(answer, call.rate)) <= 0.35

    names = [*CALLS, "twilio", "asterisk"]
    async with asyncio.TaskGroup() as calls:
        for name, (question, expected) in zip(names, QUESTIONS.items(), strict=True):
            calls.create_task(one(name, question, expected))


async def test_who_talks_over_the_answer_is_heard_and_the_queue_is_emptied(
    scripted_phone: ServerProcess,
) -> None:
    """The reply stops within a moment, though the provider had more of it."""

    async def plot(call: Line) -> None:
        await call.say(await spoken(STORY, call.rate))
        await call.until_sounding(200)
        interrupted = call.sounding_ms()
        call.begin_to_say(await spoken(QUESTION, call.rate))
        await call.until(lambda: call.quiet_ms() >= 400)
        assert call.sounding_ms() - interrupted < REPLY_MS - 300, "it was cut"
        await call.until_sounding(REPLY_MS - 100)
        await call.hang_up()

    await on_every_line(scripted_phone, plot)


async def test_a_cough_does_not_end_the_answer_and_nothing_of_it_is_lost(
    scripted_phone: ServerProcess,
) -> None:
    """A gap is allowed; of the scripted hum nothing may be missing."""

    async def plot(call: Line) -> None:
        await call.say(await spoken(STORY, call.rate))
        await call.until_sounding(200)
        before = call.sounding_ms() - 200
        call.begin_to_say(cough(call.rate))
        await call.until(lambda: call.quiet_ms() >= 1800)
        assert call.sounding_ms() - before >= REPLY_MS - 60
        await call.hang_up()

    await on_every_line(scripted_phone, plot)


@pytest.mark.parametrize("leaving", ["hang up", "vanish"])
async def test_callers_may_leave_in_every_state(
    scripted_phone: ServerProcess, leaving: str
) -> None:
    states: dict[str, Callable[[Line], Awaitable[object]]] = {
        "at once": lambda call: call.until(lambda: call.heard_ms() >= 40),
        "speaking": lambda call: call.until_said(200),
        "waiting": lambda call: call.until_said(3000),
        "hearing": lambda call: call.until_sounding(40),
        "in the middle": lambda call: call.until_sounding(400),
    }

    async def leave(call: Line, state: Callable[[Line], Awaitable[object]]) -> None:
        call.begin_to_say(await spoken(STORY, call.rate))
        await state(call)
        if leaving == "hang up":
            await call.hang_up()

    async with asyncio.TaskGroup() as lines:
        for state in states.values():
            plot = partial(leave, state=state)
            lines.create_task(on_every_line(scripted_phone, plot, MOST_DIFFERENT))
    await scrape_until(scripted_phone.url, nobody_is_there)


def nobody_is_there(samples: dict[str, float]) -> bool:
    gauges = ("voice_server_phone_calls{", "voice_server_sessions")
    left = {key: count for key, count in samples.items() if key.startswith(gauges)}
    return not any(count for key, count in left.items() if "opened" not in key)


def cough(rate: int) -> Samples:
    """A tenth of a second of noise."""
    return np.random.default_rng(3).normal(0, 6000, rate // 10).astype(np.int16)
