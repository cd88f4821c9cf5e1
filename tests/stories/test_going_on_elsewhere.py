"""A call survives its process: another one goes on where the client was, or says that it cannot."""

import asyncio
from typing import Any

import numpy as np
import pytest

from audio import SAMPLE_RATE, Samples
from models.scripted import ChatScript, RecognizerScript, ScriptedRecognizer, VoiceScript
from tests.support.clips import load_clip
from tests.support.numbered import FRAME_SAMPLES, Conservation, numbered
from tests.support.party import PaperLine, pcm
from tests.support.processes import Processes, move, tell_of_processes

pytestmark = pytest.mark.story

Json = dict[str, Any]

PUSH_TO_TALK = {"turn": {"mode": "manual", "speech_ms_min": 0, "interrupt": "off"}}
STORY = " ".join(f"Sentence number {number} of a long story." for number in range(12))
TURN = ("speech.started", "speech.stopped", "transcript.final")
TELLER: Json = {"chat": ChatScript((STORY,)), "voice": VoiceScript()}


def told(*lines: PaperLine) -> list[int]:
    """The numbers of everything that arrived, in order."""
    return [event["sn"] for line in lines for event in line.events if "sn" in event]


def speak(line: PaperLine, first: int, count: int) -> None:
    """Frames of the microphone, in messages of 100 ms."""
    for start in range(first, first + count, 10):
        frames = min(10, first + count - start)
        line.say(pcm(numbered(start, frames), start * FRAME_SAMPLES))


async def play(line: PaperLine, samples: Samples, position: int) -> None:
    """Send what the microphone hears, at the pace at which it does."""
    for start in range(0, len(samples), SAMPLE_RATE // 50):
        line.say(pcm(samples[start : start + SAMPLE_RATE // 50], position + start))
        await asyncio.sleep(0.02)


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
        assert history["items"][0]["text"] == "0-99"
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


def test_a_turn_ends_where_it_ended_before_although_nobody_says_so_again() -> None:
    async def plot(processes: Processes) -> None:
        conservation = Conservation()
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        speak(line, 0, 70)
        line.say('{"type":"audio.commit","id":"c1"}')
        await line.expect("ack", id="c1")
        await one.die()  # before the words are known
        assert line.all("transcript.final") == []
        again = await move(line, other)
        await again.expect("ready", resumed=True)
        speak(again, 0, 100)
        final = await again.expect("transcript.final", item="turn_2")
        assert final["text"] == "0-69"
        again.say('{"type":"audio.commit","id":"c2"}')
        for event in (final, await again.expect("transcript.final", item="turn_3")):
            conservation.final(event["text"])
        assert (conservation.lost(100), conservation.doubled()) == ("", "")
        assert again.all("error") == []

    tell_of_processes(plot, PUSH_TO_TALK)


def test_who_says_again_where_the_turn_ended_is_not_blamed() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        speak(line, 0, 70)
        line.say('{"type":"audio.commit","id":"c1"}')
        await line.expect("speech.stopped")
        await one.die()
        again = await move(line, other)
        await again.expect("ready", resumed=True)
        speak(again, 0, 70)
        again.say('{"type":"audio.commit","id":"c2"}')  # as if it had seen no answer to the first
        await again.expect("ack", id="c2")
        await again.expect("transcript.final", text="0-69")
        assert again.all("error") == []

    tell_of_processes(plot, PUSH_TO_TALK)


def test_a_reply_that_was_heard_in_part_ends_and_is_remembered_as_heard() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        line.say('{"type":"text","id":"t1","text":"Tell me a story."}')
        await line.expect("audio.started")
        await asyncio.sleep(3)
        await one.die()
        again = await move(line, other)
        done = await again.expect("response.done", response="resp_1", status="failed")
        assert done["text"]
        assert STORY.startswith(done["text"])
        assert len(done["text"]) < len(STORY)
        stop = await again.expect("playback.stop", stream=1)
        assert stop["reason"] == "error"
        again.say('{"type":"history.get"}')
        texts = [item["text"] for item in (await again.expect("history"))["items"]]
        assert texts == ["Tell me a story.", done["text"]]
        assert len(again.all("response.started")) == 0
        numbers = told(line, again)
        assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))
        await other.die()
        third = await move(again, processes.start())
        await third.expect("ready", resumed=True)

    tell_of_processes(plot, **TELLER)


def test_who_has_heard_nothing_yet_is_answered_anew() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        speak(line, 0, 100)
        line.say('{"type":"audio.commit","id":"c1"}')
        await line.expect("response.started")
        await one.die()
        again = await move(line, other)
        await again.expect("response.done", response="resp_1", status="failed", text="")
        started = await again.expect("response.started", response="resp_2", reply_to="turn_1")
        assert started["cause"] == "commit"
        await again.expect("response.done", response="resp_2", status="completed")

    tell_of_processes(plot, PUSH_TO_TALK, chat=ChatScript((STORY,), first_token_ms=500))


def test_what_was_obeyed_is_not_obeyed_twice() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        line.say('{"type":"text","id":"t1","text":"Remember this.","respond":false}')
        line.say('{"type":"config.update","id":"c1","config":{"instructions":"Be brief."}}')
        line.say('{"type":"audio.mute","id":"m1"}')
        await line.expect("ack", id="m1")
        await one.die()
        again = await move(line, other)
        ready = await again.expect("ready", resumed=True)
        assert ready["config"]["instructions"] == "Be brief."
        again.say('{"type":"text","id":"t1","text":"Remember this.","respond":false}')
        await again.expect("ack", id="t1")
        speak(again, 0, 100)
        again.say('{"type":"audio.commit","id":"a1"}')
        await again.expect("error", id="a1")  # still muted: nothing was heard
        again.say('{"type":"history.get"}')
        assert len((await again.expect("history"))["items"]) == 1

    tell_of_processes(plot, PUSH_TO_TALK)


# When the store is away ---------------------------------------------------------------------------


def test_a_call_goes_on_without_its_store_and_catches_up() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        one.store.broken = True
        speak(line, 0, 100)
        line.say('{"type":"audio.commit","id":"c1"}')
        await line.expect("transcript.final")
        await line.expect("response.done")
        assert len(line.all("notice")) == 1
        assert line.all("notice")[0]["code"] == "not_durable"
        assert one.counted("undurable") == 1
        one.store.broken = False
        await line.expect("notice", code="durable")
        assert one.counted("undurable") == 0
        await one.die()
        again = await move(line, other)
        await again.expect("ready", resumed=True)
        again.say('{"type":"history.get"}')
        assert len((await again.expect("history"))["items"]) == 2
        numbers = told(line, again)
        assert numbers == list(range(1, len(numbers) + 1))

    tell_of_processes(plot, PUSH_TO_TALK)


def test_who_has_seen_what_the_store_does_not_know_begins_anew_and_is_told_why() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        one.store.broken = True
        speak(line, 0, 100)
        line.say('{"type":"audio.commit","id":"c1"}')
        await line.expect("transcript.final")
        await one.die()
        again = await move(line, other)
        ready = await again.expect("ready", resumed=False)
        assert ready["resume"]["refused"] == "too_far_behind"

    tell_of_processes(plot, PUSH_TO_TALK)


def test_who_comes_back_while_the_store_is_away_is_asked_to_try_again() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        await one.die()
        other.store.broken = True
        refused = await move(line, other)
        await refused.expect("error", code="no_capacity", fatal=True)
        assert await refused.ended() == 4053
        other.store.broken = False
        again = await move(line, other)
        await again.expect("ready", resumed=True)

    tell_of_processes(plot)


def test_r24_a_store_that_has_forgotten_everything_is_told_again() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        alive, dead = await one.connect(), await other.connect()
        for line in (alive, dead):
            await line.expect("ready")
            line.say('{"type":"text","id":"t1","text":"Remember this.","respond":false}')
            await line.expect("ack")
        await other.die()
        processes.shared.calls.clear()
        refused = await move(dead, one)
        ready = await refused.expect("ready", resumed=False)
        assert ready["resume"]["refused"] == "unknown_session"
        await asyncio.sleep(6)
        await one.die()
        again = await move(alive, processes.start())
        await again.expect("ready", resumed=True)
        again.say('{"type":"history.get"}')
        assert len((await again.expect("history"))["items"]) == 1

    tell_of_processes(plot)


# Two owners ---------------------------------------------------------------------------------------


def test_r09_a_process_that_was_asleep_learns_that_it_has_lost_the_call() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        one.store.broken = True  # asleep: it says nothing
        again = await move(line, other)
        await again.expect("ready", resumed=True)
        one.store.broken = False
        line.say('{"type":"text","id":"t1","text":"Who is there?"}')
        await line.expect("error", code="taken_over")
        assert await line.ended() == 4509
        await one.operator.idle()
        assert one.counted("call_commits_total", outcome="fenced") == 1
        again.say('{"type":"text","id":"t2","text":"Tell me a story."}')
        await again.expect("response.done", status="completed")

    tell_of_processes(plot, **TELLER)


def test_a_client_that_was_moved_is_gone_from_where_it_was() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        again = await move(line, other)
        await again.expect("ready", resumed=True)
        assert await line.ended() == 4509
        await one.operator.idle()
        back = await move(again, one)
        ready = await back.expect("ready", resumed=True)
        assert ready["resume"]["epoch"] == 3

    tell_of_processes(plot)


def test_who_comes_back_to_a_process_that_was_asleep_gets_what_came_after() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        one.freeze()
        again = await move(line, other)
        await again.expect("ready", resumed=True)
        again.say('{"type":"text","id":"t1","text":"Remember this.","respond":false}')
        await again.expect("ack")
        await other.die()
        one.store.broken = False  # it wakes up, and has not asked yet
        back = await move(again, one)
        ready = await back.expect("ready", resumed=True)
        assert ready["resume"]["epoch"] == 3
        back.say('{"type":"history.get"}')
        assert len((await back.expect("history"))["items"]) == 1
        await asyncio.sleep(1)
        back.cut()
        here = await move(back, one)
        assert (await here.expect("ready", resumed=True))["resume"]["epoch"] == 3

    tell_of_processes(plot)


@pytest.mark.parametrize("change", [{"token": "rt_guess"}, {"session": "ses_other"}])
def test_nobody_gets_what_is_not_theirs(change: Json) -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        stranger = await move(line, other, **change)
        ready = await stranger.expect("ready", resumed=False)
        assert ready["resume"]["refused"] == "unknown_session"
        await asyncio.sleep(6)
        assert line.open

    tell_of_processes(plot)


# Leaving ------------------------------------------------------------------------------------------


def test_p9_a_process_that_leaves_hands_its_calls_on() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        speak(line, 0, 100)
        line.say('{"type":"audio.commit","id":"c1"}')
        await line.expect("response.started")
        one.operator.leave()
        away = await line.expect("going_away", resume=True)
        assert 0 <= away["reconnect_in_ms"] <= 5000
        assert await line.ended() == 1001
        assert [e["status"] for e in line.all("response.done")] == ["completed"]
        await one.operator.idle()
        again = await move(line, other)
        await again.expect("ready", resumed=True)
        again.say('{"type":"history.get"}')
        assert len((await again.expect("history"))["items"]) == 2
        numbers = told(line, again)
        assert numbers == list(range(1, len(numbers) + 1))

    tell_of_processes(plot, PUSH_TO_TALK)


def test_a_call_that_waits_for_its_client_is_handed_on_too() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        line.cut()
        await asyncio.sleep(1)
        one.operator.leave()
        await one.operator.idle()
        again = await move(line, other)
        await again.expect("ready", resumed=True)

    tell_of_processes(plot)


def test_what_is_stored_opens_nothing() -> None:
    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        line.say('{"type":"text","id":"t1","text":"Remember this.","respond":false}')
        await line.expect("ack")
        again = await move(line, other)
        await again.expect("ready", resumed=True)
        [kept] = processes.shared.calls.values()
        stored = b" ".join([*kept.fields.values(), *kept.entries])
        assert b"Remember this." in stored
        for ready in (*line.all("ready"), *again.all("ready")):
            assert ready["resume"]["token"].encode() not in stored

    tell_of_processes(plot)


def test_a_call_that_is_over_is_kept_nowhere() -> None:
    async def plot(processes: Processes) -> None:
        one = processes.start()
        line = await one.connect()
        await line.expect("ready")
        assert len(processes.shared.calls) == 1
        line.say('{"type":"bye"}')
        await line.ended()
        await one.operator.idle()
        [left] = processes.shared.calls.values()
        assert (left.fields, left.entries, left.digests) == ({}, [], ())

    tell_of_processes(plot)


# Speech of people ---------------------------------------------------------------------------------


@pytest.mark.parametrize("spoken_ms", [200, 900, 1600, 2600])
def test_a_question_is_understood_once_wherever_it_was_interrupted(spoken_ms: int) -> None:
    """In the middle of it, in the silence after it, while its words are looked for, after that."""
    question = np.concatenate([load_clip("question"), np.zeros(2 * SAMPLE_RATE, np.int16)])
    asked = ScriptedRecognizer(RecognizerScript(("What time is it?",), final_ms=200))

    async def plot(processes: Processes) -> None:
        one, other = processes.start(), processes.start()
        line = await one.connect()
        await line.expect("ready")
        await play(line, question[: spoken_ms * SAMPLE_RATE // 1000], 0)
        await one.die()
        again = await move(line, other)
        ready = await again.expect("ready", resumed=True)
        begin = ready["resume"]["input_pos"]
        await play(again, question[begin:], begin)
        await again.expect("response.done", status="completed")
        again.say('{"type":"history.get"}')
        items = (await again.expect("history"))["items"]
        assert [item["text"] for item in items if item["role"] == "user"] == ["What time is it?"]
        events = [*line.events, *again.events]
        turns = [[e["item"] for e in events if e["type"] == kind] for kind in TURN]
        assert turns[0] == turns[1] == turns[2]
        assert len(set(turns[0])) == len(turns[0])

    tell_of_processes(plot, recognizer=asked)
