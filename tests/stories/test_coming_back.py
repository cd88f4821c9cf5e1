"""A session outlives its line: what was missed comes once, whole and in order, or is refused."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from models.scripted import ChatScript, VoiceScript
from tests.support.numbered import FRAME_SAMPLES, Conservation, numbered
from tests.support.party import PaperLine, Party, pcm, tell_party
from voice_server.identity.identity import Identity
from voice_server.wires.frames import Flags

pytestmark = pytest.mark.story

Json = dict[str, Any]

PUSH_TO_TALK = {"turn": {"mode": "manual", "speech_ms_min": 0}}
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


def test_what_was_missed_comes_once_and_in_order() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready", resumed=False)
        first.say('{"type":"text","text":"Tell me a story."}')
        await first.expect("audio")
        first.go_deaf()
        await asyncio.sleep(1)
        first.cut()
        second = await party.come_back(first)
        ready = await second.expect("ready", resumed=True)
        assert ready["session"] == first.all("ready")[0]["session"]
        await second.expect("response.done")
        numbers = told(first, second)
        assert numbers == list(range(1, len(numbers) + 1))

    tell_party(plot, **TELLER)


def test_a_reply_without_a_listener_is_written_on_and_spoken_later() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        first.say('{"type":"text","text":"Tell me a story."}')
        await first.expect("audio")
        first.cut()
        await asyncio.sleep(60)
        second = await party.come_back(first)
        await second.expect("text.done")
        sent_meanwhile = [e for e in second.all("audio") if e["flags"] & Flags.REPLAY]
        assert sum(e["samples"] for e in sent_meanwhile) < 3 * 16_000
        done = await second.expect("audio.done")
        heard = sum(e["samples"] for line in (first, second) for e in line.all("audio"))
        assert heard == done["total_samples"]

    tell_party(plot, **TELLER)


def test_audio_is_repeated_from_where_the_client_lacks_it() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        first.say('{"type":"text","text":"Tell me a story."}')
        await first.expect("audio.started")
        await asyncio.sleep(0.5)
        stream = first.all("audio")[0]["stream"]
        held = first.all("audio")[-1]
        end = held["pos"] + held["samples"]
        first.cut()
        second = await party.come_back(first, playback={"stream": stream, "pos": end - 1000})
        await second.expect("ready", resumed=True)
        await second.expect("audio")
        again = second.all("audio")[0]
        assert (again["pos"], again["samples"]) == (end - 1000, 1000)
        assert again["flags"] & Flags.REPLAY

    tell_party(plot, **TELLER)


@pytest.mark.parametrize("cuts", [(130,), (5, 131, 132, 260, 399), (0, 10, 20, 30)])
def test_every_frame_is_in_one_final_however_often_the_line_breaks(cuts: Sequence[int]) -> None:
    frames = 400

    async def plot(party: Party) -> None:
        conservation = Conservation()
        line = await party.connect()
        await line.expect("ready")
        position = 0
        for cut in (*cuts, frames):
            speak(line, position, cut - position)
            speak(line, cut, 7)  # on its way when the line breaks
            if cut < frames:
                line.cut()
                line = await party.come_back(line)
                ready = await line.expect("ready", resumed=True)
                position = ready["resume"]["input_pos"] // FRAME_SAMPLES
        line.say('{"type":"audio.commit"}')
        final = await line.expect("transcript.final")
        conservation.final(final["text"])
        assert final["covered_pos"] == (frames + 7) * FRAME_SAMPLES
        assert (conservation.lost(frames), conservation.doubled()) == ("", "")

    tell_party(plot, PUSH_TO_TALK)


def test_hearing_finishes_what_has_arrived() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        speak(first, 0, 100)
        first.say('{"type":"audio.commit"}')
        await first.expect("speech.started")
        first.cut()
        await asyncio.sleep(100)
        second = await party.come_back(first)
        final = await second.expect("transcript.final")
        assert final["text"] == "0-99"

    tell_party(plot, PUSH_TO_TALK)


def test_who_comes_too_late_is_told_so_and_starts_anew() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        first.cut()
        await asyncio.sleep(119)
        assert party.counted("detached") == 1
        await asyncio.sleep(2)
        assert (party.counted("detached"), party.counted("sessions")) == (0, 0)
        second = await party.come_back(first)
        ready = await second.expect("ready", resumed=False)
        assert ready["session"] != first.all("ready")[0]["session"]
        assert ready["resume"]["refused"] == "unknown_session"
        assert party.counted("resumes_total", outcome="expired") == 1

    tell_party(plot)


def test_who_wants_that_session_or_none_gets_none() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        second = await party.come_back(first, session="ses_other", required=True)
        error = await second.expect("error", fatal=True)
        assert error["code"] == "session_not_found"
        assert await second.ended() == 4504
        assert first.open

    tell_party(plot)


@pytest.mark.parametrize(
    "limit",
    [
        {"journal_events_max": 16},
        {"journal_bytes_max": 4096},
        {"journal_s_max": 5},
    ],
    ids=lambda limit: next(iter(limit)),
)
def test_who_missed_too_much_is_told_so(limit: Json) -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        first.say('{"type":"text","text":"Tell me a story."}')
        await first.expect("response.started")
        first.go_deaf()
        await asyncio.sleep(100)
        first.cut()
        second = await party.come_back(first)
        ready = await second.expect("ready", resumed=False)
        assert ready["resume"]["refused"] == "too_far_behind"
        await asyncio.sleep(1)
        assert party.counted("sessions") == 1

        assert party.counted("resumes_total", outcome="refused") == 1

    tell_party(plot, {"limits": limit}, **TELLER)


def test_old_audio_is_not_kept_and_nothing_else_is_missing() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        first.say('{"type":"text","text":"Tell me a story."}')
        await first.expect("audio.started")
        first.go_deaf()
        await asyncio.sleep(20)
        first.cut()
        second = await party.come_back(first)
        await second.expect("ready", resumed=True)
        await second.expect("response.done")
        again = [event for event in second.all("audio") if event["flags"] & Flags.REPLAY]
        assert len(again) > 100, "twenty seconds of frames, most without their samples"
        assert 0 < sum(event["samples"] for event in again) <= 0.5 * 24_000
        assert told(first, second) == list(range(1, len(told(first, second)) + 1))

    tell_party(plot, {"limits": {"journal_audio_s_max": 0.5}}, **TELLER)


def test_the_second_tab_wins_and_the_first_is_told() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        second = await party.come_back(first)
        await second.expect("ready", resumed=True)
        error = await first.expect("error")
        await asyncio.sleep(1)
        assert (error["code"], first.closed) == ("taken_over", 4509)
        assert second.open and party.counted("sessions") == 1

    tell_party(plot)


def test_of_many_who_come_at_once_one_stays() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        first.cut()
        lines = [await party.come_back(first) for _ in range(50)]
        await asyncio.sleep(5)
        assert sum(line.open for line in lines) == 1
        assert {line.closed for line in lines if not line.open} == {4509}
        assert party.counted("sessions") == 1

    tell_party(plot, {"limits": {"sessions_per_ip_max": 100}})


@pytest.mark.parametrize("forged", [{"token": "rt_guess"}, {"token": ""}])
def test_a_guess_opens_nothing_and_disturbs_nobody(forged: Json) -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        second = await party.come_back(first, **forged)
        await second.expect("ready", resumed=False)
        assert first.open and not first.all("error")

    tell_party(plot)


def test_a_secret_works_once() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        first.cut()
        second = await party.come_back(first)
        await second.expect("ready", resumed=True)
        second.say('{"type":"ping","t":1}')
        await second.expect("pong")
        third = await party.come_back(first)
        await third.expect("ready", resumed=False)
        assert second.open

    tell_party(plot)


def test_a_session_belongs_to_its_user() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        ready = await first.expect("ready")
        first.cut()
        resume = {"session": ready["session"], "token": ready["resume"]["token"], "last_sn": 1}
        other = await party.connect(Identity("mallory", "open"), resume=resume)
        await other.expect("ready", resumed=False)

    tell_party(plot)


def test_a_client_that_says_goodbye_is_not_awaited() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        first.hang_up()
        await asyncio.sleep(1)
        assert (party.counted("sessions"), party.counted("detached")) == (0, 0)

    tell_party(plot)


def test_a_client_that_never_comes_back_costs_nothing_for_ever() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        first.say('{"type":"text","text":"Tell me a story."}')
        await first.expect("response.started")
        first.cut()
        await asyncio.sleep(1)
        assert party.admission.full
        await asyncio.sleep(130)
        assert not party.admission.full

    tell_party(plot, {"limits": {"sessions_max": 1}}, **TELLER)


def test_a_message_on_its_way_is_obeyed_once() -> None:
    async def plot(party: Party) -> None:
        first = await party.connect()
        await first.expect("ready")
        first.say('{"type":"text","text":"Hello.","id":"m1"}')
        await first.expect("ack")
        first.cut()
        second = await party.come_back(first)
        await second.expect("ready", resumed=True)
        second.say('{"type":"text","text":"Hello.","id":"m1"}')
        await second.expect("ack")
        await second.expect("response.done")
        await asyncio.sleep(1)
        started = first.all("response.started") + second.all("response.started")
        assert len(started) == 1

    tell_party(plot)


def test_a_client_that_cannot_come_back_is_not_awaited() -> None:
    async def plot(party: Party) -> None:
        line = await party.connect(features=["state"])
        ready = await line.expect("ready")
        assert "resume" not in ready
        line.cut()
        await asyncio.sleep(1)
        assert party.counted("sessions") == 0

    tell_party(plot)


def test_a_short_break_does_not_cut_the_sentence() -> None:
    async def plot(party: Party) -> None:
        line = await party.connect()
        await line.expect("ready")
        speak(line, 0, 50)
        line.cut()
        await asyncio.sleep(1)
        line = await party.come_back(line)
        await line.expect("ready", resumed=True)
        speak(line, 50, 50)
        line.say('{"type":"audio.commit"}')
        assert (await line.expect("transcript.final"))["text"] == "0-99"

    tell_party(plot, PUSH_TO_TALK)
