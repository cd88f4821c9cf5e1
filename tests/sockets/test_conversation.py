"""The whole voice loop: a question is spoken in real time, and its answer is heard."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from audio import Samples
from tests.support.server import ServerProcess
from tests.support.speech import TRAIL_MS, say
from tests.support.voice_client import VoiceClient, connected, hello
from voice_server.bench.word_error import word_error, words_of

pytestmark = pytest.mark.socket

Understand = Callable[[Samples, int], Awaitable[str]]

QUESTION = "Repeat, set an alarm for six o'clock."
ANSWER = "Set an alarm for six o'clock."

DIALOGUES = {
    QUESTION: ANSWER,
    "Say the window is open.": "The window is open.",
    "Say I have a question.": "I have a question.",
    "Repeat do I have any new messages?": "Do I have any new messages?",
    "What is seven times eight?": "Seven times eight is fifty six.",
    "Count to five.": "One, two, three, four, five.",
    "Thank you.": "You are welcome.",
    "Stop the alarm.": "Okay.",
}
"""Eight things to say that the bundled recogniser understands, and what they are answered."""

PARTS = {"endpoint_ms", "asr_ms", "llm_ms", "clause_ms", "tts_ms", "send_ms"}
WHOLE = "eos_to_first_audio_ms"

START, END = 0x01, 0x02
"""Flags of a frame."""


async def test_a_question_is_understood_while_spoken_and_answered(
    server: ServerProcess, understand: Understand
) -> None:
    question = await asyncio.to_thread(say, QUESTION)
    opening = hello(out_rate=24_000)
    async with connected(server.url, opening, listening=True) as client:
        await client.microphone.say(question)
        spoken_at = asyncio.get_running_loop().time() - TRAIL_MS / 1000
        final = await client.wait_for("transcript.final")
        done = await client.wait_for("response.done")

    assert words_of(final["text"]) == words_of(QUESTION)
    check_partials(client, final["text"], spoken_at)
    assert words_of(done["text"]) == words_of(ANSWER)
    assert done["status"] == "completed"
    written = "".join(delta["text"] for delta in client.events("text.delta"))
    assert written == client.events("text.done")[0]["text"] == done["text"]
    check_ledger(done["metrics"])
    assert client.events("metrics")[0]["metrics"] == done["metrics"]
    heard = await understand(client.audio(1), 24_000)
    assert word_error(done["text"], heard) <= 0.2


def check_partials(client: VoiceClient, final: str, spoken_at: float) -> None:
    """Words come while they are spoken, and what is stable stays."""
    assert client.at("transcript.partial")[0] < spoken_at
    partials = client.events("transcript.partial")
    stable = [partial["stable"] for partial in partials]
    for before, after in zip(stable, [*stable[1:], final], strict=True):
        assert after.startswith(before)
    revisions = [partial["rev"] for partial in partials]
    assert revisions == sorted(set(revisions))


def check_ledger(metrics: dict[str, float]) -> None:
    """The parts sum to the whole, up to rounding."""
    assert set(metrics) == PARTS | {WHOLE}
    assert sum(metrics[part] for part in PARTS) == pytest.approx(metrics[WHOLE], abs=1)


async def test_word_marks_and_word_times_lie_in_the_text_and_in_time(
    server: ServerProcess,
) -> None:
    question = await asyncio.to_thread(say, "What is seven times eight?")
    async with connected(server.url, listening=True) as client:
        await client.microphone.say(question)
        final = await client.wait_for("transcript.final")
        done = await client.wait_for("response.done")

    times = [edge for word in final["words"] for edge in (word["start_ms"], word["end_ms"])]
    assert times == sorted(times)
    assert " ".join(word["w"] for word in final["words"]) == final["text"]
    marks = client.events("audio.mark")
    spoken = [done["text"][slice(*mark["chars"])] for mark in marks]
    assert spoken == done["text"].split()
    assert all(mark["exact"] for mark in marks)
    assert (
        marks[-1]["end_pos"]
        <= len(client.audio(1))
        == client.events("audio.done")[0]["total_samples"]
    )


async def test_a_mark_comes_before_the_audio_that_it_describes(server: ServerProcess) -> None:
    async with connected(server.url) as client:
        await client.send("text", text="Count to five.")
        await client.wait_for("response.done")
    sent = 0
    for arrival in client.log:
        if arrival.event["type"] == "audio":
            sent += len(arrival.payload) // 2
        elif arrival.event["type"] == "audio.mark":
            assert arrival.event["pos"] >= sent


async def test_two_turns_are_one_conversation(server: ServerProcess) -> None:
    thanks = await asyncio.to_thread(say, "Thank you.")
    async with connected(server.url, listening=True) as client:
        await client.microphone.say(thanks)
        first = await client.wait_for("response.done")
        await client.send("text", text="What did I say?")
        second = await client.wait_for("response.done")
    assert first["text"] == "You are welcome."
    assert second["text"] == "Before that, you said: Thank you."


async def test_eight_clients_at_once_do_not_affect_each_other(
    server: ServerProcess, understand: Understand
) -> None:
    questions = [await asyncio.to_thread(say, question) for question in DIALOGUES]
    framings = ["framed", "raw"] * 4
    clients = await asyncio.gather(
        *(
            one_of_many(server, question, framing)
            for question, framing in zip(questions, framings, strict=True)
        )
    )
    for (question, answer), client in zip(DIALOGUES.items(), clients, strict=True):
        finals = [final["text"] for final in client.events("transcript.final")]
        assert [words_of(text) for text in finals] == [words_of(question)]
        replies = [done["text"] for done in client.events("response.done")]
        assert [words_of(text) for text in replies] == [words_of(answer)]
        check_ledger(client.events("response.done")[0]["metrics"])
        check_numbers(client)
    sessions = {client.events("ready")[0]["session"] for client in clients}
    assert len(sessions) == len(DIALOGUES)
    heard = await understand(clients[0].audio(1), 16_000)
    assert word_error(ANSWER, heard) <= 0.2


async def one_of_many(server: ServerProcess, question: Samples, framing: str) -> VoiceClient:
    opening = hello(framing=framing)
    async with connected(server.url, opening, listening=True) as client:
        await client.microphone.say(question)
        await client.wait_for("response.done")
    return client


def check_numbers(client: VoiceClient) -> None:
    """Everything is counted, without a gap: in raw mode, audio counts without showing it."""
    for counted, arrival in enumerate(client.log, 1):
        assert arrival.event.get("sn", counted) == counted


async def test_framed_audio_says_where_it_belongs(server: ServerProcess) -> None:
    async with connected(server.url, hello(framing="framed")) as client:
        await client.send("text", text="Thank you.")
        await client.wait_for("response.done")
    frames = [arrival for arrival in client.log if arrival.event["type"] == "audio"]
    position = 0
    for frame in frames:
        assert frame.event["kind"] == 0x12
        assert frame.event["stream"] == 1
        assert frame.event["pos"] == position
        position += len(frame.payload) // 2
        first = frame is frames[0]
        assert bool(frame.event["flags"] & START) == first
    check_numbers(client)


async def test_the_last_frame_of_a_reply_says_so(server: ServerProcess) -> None:
    async with connected(server.url, hello(framing="framed")) as client:
        await client.send("text", text="Thank you.")
        await client.wait_for("response.done")
    flags = [frame["flags"] & END for frame in client.events("audio")]
    assert flags == [*[0] * (len(flags) - 1), END]
