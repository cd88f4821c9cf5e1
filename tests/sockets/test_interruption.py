"""Whoever talks over a reply is listened to at once, and only what was heard is remembered."""

import asyncio

import numpy as np
import pytest

from models.llm.small_talk import story
from tests.support.server import ServerProcess
from tests.support.speech import say
from tests.support.voice_client import FEATURES, Json, VoiceClient, connected, hello

pytestmark = pytest.mark.socket

RATE = 16_000
LISTEN_S = 2
"""How long the story is listened to before somebody speaks over it."""


@pytest.mark.parametrize("reports", [False, True])
async def test_speech_over_a_reply_stops_it(server: ServerProcess, reports: bool) -> None:
    async with connected(server.url, hello(reports=reports), listening=True) as client:
        await interrupt_the_story(client)
        truncated = await client.wait_for("response.truncated")
        done = await client.wait_for("response.done")
        reply = await client.wait_for("response.done")
        await client.send("text", text="Go on.")
        rest = await client.wait_for("text.delta", lambda delta: delta["response"] == "resp_3")
        await client.send("cancel")
        await client.wait_for("response.done")

    assert done["status"] == "interrupted"
    assert done["text"] == truncated["heard"]
    assert truncated["basis"] == ("reported" if reports else "estimated")
    if reports:
        stopped = {"stream": 1, "pos": truncated["pos"], "state": "stopped"}
        assert stopped in client.reports
    check_the_stop(client)
    check_what_was_heard(client, truncated)
    assert reply["text"] == "Okay."
    next_word = len(truncated["heard"].split())
    assert rest["text"].split() == story().split()[next_word : next_word + 1]


async def interrupt_the_story(client: VoiceClient) -> None:
    """Ask for a story, listen to some of it, and say something else."""
    question = await asyncio.to_thread(say, "Tell me a long story.")
    objection = await asyncio.to_thread(say, "Stop the alarm.")
    await client.microphone.say(question)
    await client.wait_for("audio.started")
    await client.microphone.say(np.zeros(LISTEN_S * RATE, dtype=np.int16))
    await client.microphone.say(objection)
    await client.wait_for("playback.stop")


def check_the_stop(client: VoiceClient) -> None:
    """Paused at once, then stopped before anything explains it; no more of the stream follows."""
    assert [pause["stream"] for pause in client.events("playback.pause")] == [1]
    assert client.at("playback.pause") < client.at("playback.stop")
    later = False
    for arrival in client.log:
        event = arrival.event
        if event["type"] == "playback.stop" and event["stream"] == 1:
            assert event["reason"] == "barge_in"
            later = True
        elif event["type"] in ("response.truncated", "response.done"):
            assert later
        elif event["type"] in ("audio", "audio.mark", "audio.started", "audio.done"):
            assert not later or event["stream"] > 1


def check_what_was_heard(client: VoiceClient, truncated: Json) -> None:
    """Heard are the words that had ended at the position; both halves are the text."""
    written = "".join(
        delta["text"] for delta in client.events("text.delta") if delta["response"] == "resp_1"
    )
    assert truncated["heard"] + truncated["unheard"] == written
    assert story().startswith(written.strip())
    assert 0 < truncated["pos"] <= len(client.audio(1))
    ended = [
        mark["chars"][1]
        for mark in client.events("audio.mark")
        if mark["stream"] == 1 and mark["end_pos"] <= truncated["pos"]
    ]
    assert len(truncated["heard"]) == max(ended)


async def test_a_client_that_cannot_pause_is_never_asked_to(server: ServerProcess) -> None:
    features = [feature for feature in FEATURES if feature != "pause"]
    async with connected(server.url, hello(features=features), listening=True) as client:
        await interrupt_the_story(client)
        await client.wait_for("response.truncated")
    assert client.events("playback.pause") == []


async def test_a_listeners_yes_does_not_end_the_story(server: ServerProcess) -> None:
    yes = await asyncio.to_thread(say, "Yes.", trail_ms=1500)
    async with connected(server.url, hello(reports=True), listening=True) as client:
        await listen_to_the_story(client)
        await client.microphone.say(yes)
        await client.wait_for("playback.resume")
        sent = len(client.audio(1))
        await client.wait_for("audio", lambda _: len(client.audio(1)) > sent)
        await client.send("cancel")
        done = await client.wait_for("response.done")
    assert done["status"] == "cancelled"
    assert client.at("playback.pause") < client.at("playback.resume")
    assert len(client.events("playback.stop")) == 1
    assert len(client.events("response.started")) == 1


@pytest.mark.parametrize("reports", [False, True])
async def test_a_cancelled_reply_is_remembered_as_far_as_it_was_heard(
    server: ServerProcess, reports: bool
) -> None:
    async with connected(server.url, hello(reports=reports), listening=True) as client:
        await listen_to_the_story(client)
        await client.send("cancel")
        await client.wait_for("playback.stop")
        truncated = await client.wait_for("response.truncated")
        done = await client.wait_for("response.done")
        await client.send("text", text="What did you say?")
        reply = await client.wait_for("text.done", lambda done: done["response"] == "resp_2")
    assert done["status"] == "cancelled"
    check_what_was_heard(client, truncated)
    last_words = " ".join([*truncated["heard"].split(), "—"][-12:])
    assert reply["text"] == f"The last words you heard from me were: {last_words}"


async def listen_to_the_story(client: VoiceClient) -> None:
    await client.send("text", text="Tell me a long story.")
    await client.wait_for("audio.started")
    await client.microphone.say(np.zeros(LISTEN_S * RATE, dtype=np.int16))


async def test_nothing_is_remembered_of_a_reply_that_nobody_heard(server: ServerProcess) -> None:
    async with connected(server.url, hello(reports=True)) as client:
        await client.send("text", text="Tell me a long story.")
        await client.wait_for("audio.started")
        await client.send("cancel", played={"stream": 1, "pos": 0})
        await client.wait_for("playback.stop")
        truncated = await client.wait_for("response.truncated")
        await client.send("text", text="What did you say?")
        reply = await client.wait_for("text.done", lambda done: done["response"] == "resp_2")
    assert truncated["heard"] == ""
    assert reply["text"] == "You have not heard anything from me yet."


async def test_a_typed_message_stops_the_reply(server: ServerProcess) -> None:
    async with connected(server.url, listening=True) as client:
        await listen_to_the_story(client)
        await client.send("text", text="Thank you.")
        stop = await client.wait_for("playback.stop")
        done = await client.wait_for("response.done")
        reply = await client.wait_for("response.done")
    assert stop["stream"] == 1
    assert done["status"] == "cancelled"
    assert reply["text"] == "You are welcome."
