"""A call survives its process: another one goes on where the client was, or says that it cannot."""

import asyncio
from typing import Any

import pytest

from models.scripted import ChatScript, VoiceScript
from tests.support.numbered import FRAME_SAMPLES, Conservation, numbered
from tests.support.party import PaperLine, pcm
from tests.support.processes import Processes, move, tell_of_processes

pytestmark = pytest.mark.story

Json = dict[str, Any]

PUSH_TO_TALK = {"turn": {"mode": "manual", "speech_ms_min": 0, "interrupt": "off"}}
STORY = " ".join(f"Sentence number {number} of a long story." for number in range(12))
TELLER: Json = {"chat": ChatScript((STORY,)), "voice": VoiceScript()}


def told(*lines: PaperLine) -> list[int]:
    """The numbers of everything that arrived, in order."""
    return [event["sn"] for line in lines for event in line.events if "sn" in event]


def speak(line: PaperLine, first: int, count: int) -> None:
    """Frames of the microphone, in messages of 100 ms."""
    for start in range(first, first + count, 10):
        frames = min(10, first + count - start)
        line.say(pcm(numbered(start, frames), start * FRAME_SAMPLES))


def test_what_was_said_is_remembered_and_nothing_is_told_twice() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        speak(line, 0, 100)
        line.say('{"type":"audio.commit","id":"c1"}')
        await line.expect("response.done")
        await one.die()
        again = await move(line, other)
        ready = await again.expect("ready", resumed=True)
        assert ready["resume"]["epoch"] == 2
        assert ready["session"] == line.all("ready")[0]["session"]
        assert ready["resume"]["input_pos"] == 100 * FRAME_SAMPLES
        again.say('{"type":"history.get"}')
        history = await again.expect("history")
        assert [item["text"] for item in history["items"]][0] == "0-99"
        numbers = told(line, again)
        assert numbers == list(range(1, len(numbers) + 1))

    tell_of_processes(plot, PUSH_TO_TALK)


def test_speech_without_a_final_is_heard_again() -> None:
    async def plot(processes: Processes) -> None:
        conservation = Conservation()
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        speak(line, 0, 100)
        await line.expect("speech.started")
        await asyncio.sleep(1)
        await one.die()
        again = await move(line, other)
        ready = await again.expect("ready", resumed=True)
        position = ready["resume"]["input_pos"]
        assert position == 0
        await again.expect("transcript.final", item="turn_1", empty=True)
        speak(again, 0, 130)
        again.say('{"type":"audio.commit"}')
        final = await again.expect("transcript.final", item="turn_2")
        conservation.final(final["text"])
        assert (conservation.lost(130), conservation.doubled()) == ("", "")

    tell_of_processes(plot, PUSH_TO_TALK)
