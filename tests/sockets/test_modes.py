"""What a client can ask for besides a spoken conversation."""

import asyncio

import pytest

from tests.support.server import ServerProcess
from tests.support.speech import say
from tests.support.voice_client import Json, VoiceClient, connected, hello
from voice_server.bench.word_error import words_of

pytestmark = pytest.mark.socket

SENTENCES = ("The window is open.", "What should I cook today?")


async def test_transcription_writes_everything_down_and_never_answers(
    server: ServerProcess,
) -> None:
    spoken = [await asyncio.to_thread(say, sentence) for sentence in SENTENCES]
    async with connected(server.url, hello(mode="transcription"), listening=True) as client:
        for samples in spoken:
            await client.microphone.say(samples)
            await client.wait_for("transcript.final")
        await client.send("text", text="Are you there?", id="a")
        refused = await client.wait_for("error")
    finals = [words_of(final["text"]) for final in client.events("transcript.final")]
    assert finals == [words_of(sentence) for sentence in SENTENCES]
    assert "never answers" in refused["message"]
    assert not refused["fatal"]
    assert not [a for a in client.log if a.event["type"].startswith(("response", "audio"))]


async def test_speaking_mode_says_one_thing_after_the_other(server: ServerProcess) -> None:
    texts = ["The first.", "The second.", "And the third."]
    async with connected(server.url, hello(mode="tts")) as client:
        for text in texts:
            await client.send("say", text=text)
        for _ in texts:
            await client.wait_for("response.done")
    assert [done["text"] for done in client.events("response.done")] == texts
    assert {started["cause"] for started in client.events("response.started")} == {"say"}
    streams = [audio["stream"] for audio in client.events("audio")]
    assert streams == sorted(streams)
    assert set(streams) == {1, 2, 3}


async def test_speaking_mode_only_speaks(server: ServerProcess) -> None:
    speech = await asyncio.to_thread(say, SENTENCES[0])
    async with connected(server.url, hello(mode="tts")) as client:
        await client.socket.send_bytes(speech.tobytes())
        await client.send("text", text="Hello?")
        refused = await client.wait_for("error")
        await client.send("say", text="Still here.")
        await client.wait_for("response.done")
    assert "send say" in refused["message"]
    assert client.events("speech.started") == []


async def test_a_typed_message_is_answered(scripted: ServerProcess) -> None:
    async with connected(scripted.url) as client:
        await client.send("text", text="Hello.", id="once")
        await client.send("text", text="Hello.", id="once")
        done = await client.wait_for("response.done")
        acks = [await client.wait_for("ack"), await client.wait_for("ack")]
    assert done["status"] == "completed"
    assert client.events("response.started")[0]["cause"] == "text"
    assert [ack["id"] for ack in acks] == ["once", "once"]
    assert len(client.events("response.started")) == 1


async def test_a_typed_message_may_wait_for_its_answer(server: ServerProcess) -> None:
    async with connected(server.url) as client:
        await client.send("text", text="Repeat good morning.", respond=False)
        await client.send("respond")
        done = await client.wait_for("response.done")
    assert done["text"] == "Good morning."
    assert client.events("response.started")[0]["cause"] == "request"


async def test_cancel_stops_the_reply_that_it_names(scripted: ServerProcess) -> None:
    async with connected(scripted.url) as client:
        await client.send("text", text="Hello.")
        await client.wait_for("audio.started")
        await client.send("cancel", response="resp_7", id="other")
        await client.wait_for("ack")
        assert client.events("playback.stop") == []
        await client.send("cancel", response="resp_1")
        stop = await client.wait_for("playback.stop")
        done = await client.wait_for("response.done")
    assert (stop["stream"], stop["reason"]) == (1, "cancel")
    assert done["status"] == "cancelled"


# Configuration -------------------------------------------------------------------------------

BAD_CONFIGS: dict[str, tuple[Json, str]] = {
    "turn.silense_ms": ({"turn": {"silense_ms": 400}}, "silence_ms"),
    "turn.silence_ms": ({"turn": {"silence_ms": 5}}, "silence_ms"),
    "turn.mode": ({"turn": {"mode": "psychic"}}, "mode"),
    "voice": ({"voice": "nobody"}, "voice"),
    "speed": ({"speed": 20}, "speed"),
    "language": ({"language": "en; drop"}, "language"),
}


async def test_a_good_key_holds_and_a_bad_one_changes_nothing(server: ServerProcess) -> None:
    async with connected(server.url) as client:
        await client.send("config.update", config={"speed": 1.5, "turn": {"silence_ms": 700}})
        good = (await client.wait_for("config"))["config"]
        for key, (config, named) in BAD_CONFIGS.items():
            await client.send("config.update", config={"speed": 0.8, **config})
            refused = await client.wait_for("error")
            assert named in refused["message"], key
        await client.send("config.update", config={})
        after = (await client.wait_for("config"))["config"]
    assert (good["speed"], good["turn"]["silence_ms"]) == (1.5, 700)
    assert after == good


async def test_a_session_that_wishes_for_too_much_still_opens(server: ServerProcess) -> None:
    opening = hello(config={"voice": "nobody"}, features=["partials", "telepathy"])
    async with connected(server.url, opening) as client:
        ready = client.events("ready")[0]
        refused = await client.wait_for("error")
    assert ready["features"] == ["partials"]
    assert "no voice 'nobody'" in refused["message"]


async def test_a_faster_voice_takes_less_time(server: ServerProcess) -> None:
    async def seconds(speed: float) -> int:
        async with connected(server.url, hello(mode="tts", config={"speed": speed})) as client:
            await client.send("say", text="The window is open.")
            await client.wait_for("audio.done")
        return len(client.audio(1))

    slow, fast = await asyncio.gather(seconds(0.8), seconds(1.6))
    assert fast < 0.7 * slow


# Turns by hand -------------------------------------------------------------------------------


async def test_a_manual_turn_ends_when_the_client_says_so(server: ServerProcess) -> None:
    opening = hello(config={"turn": {"mode": "manual"}})
    sentence = await asyncio.to_thread(say, SENTENCES[0], trail_ms=1500)
    async with connected(server.url, opening) as client:
        await client.socket.send_bytes(sentence[:16_000].tobytes())
        await client.socket.send_bytes(sentence[16_000:].tobytes())
        await client.wait_for("flow")
        assert client.events("speech.stopped") == []
        await client.send("audio.commit")
        final = await client.wait_for("transcript.final")
        done = await client.wait_for("response.started")
    assert words_of(final["text"]) == words_of(SENTENCES[0])
    assert done["cause"] == "commit"


async def test_what_was_said_can_be_taken_back(server: ServerProcess) -> None:
    opening = hello(config={"turn": {"mode": "manual"}})
    sentence = await asyncio.to_thread(say, SENTENCES[0])
    async with connected(server.url, opening) as client:
        await client.socket.send_bytes(sentence.tobytes())
        await client.wait_for("speech.started")
        await client.send("audio.clear")
        final = await client.wait_for("transcript.final")
        await client.send("audio.commit")
        await client.wait_for("error")
    assert final["text"] == ""
    assert client.events("response.started") == []


async def test_a_muted_microphone_is_not_heard(server: ServerProcess) -> None:
    unheard, heard = [await asyncio.to_thread(say, sentence) for sentence in SENTENCES]
    async with connected(server.url, hello(mode="transcription"), listening=True) as client:
        await muted_while(client, "audio.mute")
        await client.microphone.say(unheard)
        await muted_while(client, "audio.unmute")
        await client.microphone.say(heard)
        final = await client.wait_for("transcript.final")
    assert words_of(final["text"]) == words_of(SENTENCES[1])
    assert len(client.events("speech.started")) == 1


async def muted_while(client: VoiceClient, type: str) -> None:
    """Send, and wait until it was taken."""
    await client.send(type, id=type)
    await client.wait_for("ack")
