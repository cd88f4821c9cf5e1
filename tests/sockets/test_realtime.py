"""The Realtime protocol over real sockets: talking, typing, interrupting, calling, transcribing."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import numpy as np
import pytest

from audio import Samples
from audio.formats import AudioFormat, Codec
from models.llm.small_talk import story
from tests.support.realtime_client import RATE, Json, RealtimeClient, realtime
from tests.support.server import ServerProcess
from tests.support.speech import say
from voice_server.bench.word_error import word_error, words_of

pytestmark = pytest.mark.socket

Understand = Callable[[Samples, int], Awaitable[str]]

QUESTION = "Repeat, set an alarm for six o'clock."
ANSWER = "Set an alarm for six o'clock."
WHISPER = {"model": "whisper-1"}
TRANSCRIBED = {"audio": {"input": {"transcription": WHISPER}}}
MANUAL = {"audio": {"input": {"transcription": WHISPER, "turn_detection": None}}}
SEMANTIC = {"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}
KEY = "k" * 32


async def spoken(text: str, rate: int = RATE, *, trail_ms: int = 500) -> Samples:
    return await asyncio.to_thread(say, text, None, rate, trail_ms=trail_ms)


def place(client: RealtimeClient, kind: str) -> int:
    return client.kinds().index(kind)


async def test_a_question_is_understood_and_answered(
    server: ServerProcess, understand: Understand
) -> None:
    question = await spoken(QUESTION)
    async with realtime(server.url, TRANSCRIBED, listening=True) as client:
        await client.microphone.say(question)
        heard = await client.wait_for("conversation.item.input_audio_transcription.completed")
        response = (await client.wait_for("response.done"))["response"]
        await client.send("conversation.item.retrieve", item_id=heard["item_id"])
        asked = (await client.wait_for("conversation.item.retrieved"))["item"]

    assert words_of(heard["transcript"]) == words_of(QUESTION)
    assert asked["content"] == [{"type": "input_audio", "transcript": heard["transcript"]}]
    assert response["status"] == "completed"
    written = response["output"][0]["content"][0]["transcript"]
    assert words_of(written) == words_of(ANSWER)
    told = await understand(client.audio(response["id"]), RATE)
    assert word_error(written, told) <= 0.2
    assert place(client, "input_audio_buffer.committed") < place(client, "response.created")
    deltas = client.events("conversation.item.input_audio_transcription.delta")
    shown = words_of("".join(delta["delta"] for delta in deltas))
    assert shown
    assert shown == words_of(heard["transcript"])[: len(shown)]


@pytest.mark.parametrize("session", [{}, SEMANTIC], ids=["server_vad", "semantic_vad"])
async def test_speech_over_an_answer_ends_it(server: ServerProcess, session: Json) -> None:
    question, objection = await spoken("Tell me a long story."), await spoken("Stop the alarm.")
    async with realtime(server.url, session, listening=True) as client:
        await client.microphone.say(question)
        created = (await client.wait_for("response.created"))["response"]["id"]
        await client.wait_for("response.output_audio.delta")
        await client.microphone.say(np.zeros(2 * RATE, dtype=np.int16))
        await client.wait_for("input_audio_buffer.speech_started")
        await client.microphone.say(objection)
        await client.wait_for("input_audio_buffer.speech_started")
        done = (await client.wait_for("response.done"))["response"]
        story_item = done["output"][0]["id"]
        at = {"item_id": story_item, "content_index": 0, "audio_end_ms": 1500}
        await client.send("conversation.item.truncate", **at)
        truncated = await client.wait_for("conversation.item.truncated")
        await client.send("conversation.item.retrieve", item_id=story_item)
        kept = (await client.wait_for("conversation.item.retrieved"))["item"]
        answer = (await client.wait_for("response.done"))["response"]

    assert done["id"] == created
    assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert done["output"][0]["status"] == "incomplete"
    assert truncated["audio_end_ms"] == 1500
    heard = kept["content"][0]["transcript"]
    assert kept["status"] == "incomplete"
    assert 1 <= len(heard.split()) <= 8
    assert story().startswith(heard)
    assert words_of(answer["output"][0]["content"][0]["transcript"]) == ["okay"]
    check_nothing_follows(client, created)


def check_nothing_follows(client: RealtimeClient, response: str) -> None:
    """No audio of a response comes after the speech that ended it."""
    speech = client.events("input_audio_buffer.speech_started")[1]
    later = client.log[client.log.index(speech) :]
    audio = [event for event in later if event["type"] == "response.output_audio.delta"]
    assert response not in {event["response_id"] for event in audio}


async def test_a_listeners_yes_is_not_told(server: ServerProcess) -> None:
    """Clients throw away what they play when they hear of speech."""
    question, yes = await spoken("Tell me a long story."), await spoken("Yes.", trail_ms=1500)
    async with realtime(server.url, SEMANTIC, listening=True) as client:
        await client.microphone.say(question)
        await client.wait_for("response.output_audio.delta")
        await client.microphone.say(np.zeros(2 * RATE, dtype=np.int16))
        sent = len(client.log)
        await client.microphone.say(yes)
        later = await client.wait_for(
            "response.output_audio.delta", lambda event: client.log.index(event) > sent
        )
        await client.send("response.cancel")
        done = (await client.wait_for("response.done"))["response"]
    assert later["response_id"] == done["id"]
    assert done["status_details"]["reason"] == "client_cancelled"
    assert len(client.events("input_audio_buffer.speech_started")) == 1


async def test_a_manual_turn_is_answered_when_asked(server: ServerProcess) -> None:
    question = await spoken(QUESTION)
    async with realtime(server.url, MANUAL) as client:
        await client.append(question.tobytes())
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        heard = await client.wait_for("conversation.item.input_audio_transcription.completed")
        response = (await client.wait_for("response.done"))["response"]
        await client.append(bytes(2400))
        await client.send("input_audio_buffer.commit", event_id="short")
        error = (await client.wait_for("error"))["error"]
    assert words_of(heard["transcript"]) == words_of(QUESTION)
    assert words_of(response["output"][0]["content"][0]["transcript"]) == words_of(ANSWER)
    assert client.events("input_audio_buffer.speech_started") == []
    assert error["event_id"] == "short"
    assert error["code"] == "input_audio_buffer_commit_empty"
    assert error["message"].endswith("but buffer only has 50.00ms of audio.")


async def test_written_and_answered_in_writing(server: ServerProcess) -> None:
    async with realtime(server.url, {"output_modalities": ["text"]}) as client:
        await client.write("Say the window is open.", metadata={"topic": "window"})
        response = (await client.wait_for("response.done"))["response"]
    (item,) = response["output"]
    assert item["content"][0]["type"] == "output_text"
    assert words_of(item["content"][0]["text"]) == words_of("The window is open.")
    assert response["metadata"] == {"topic": "window"}
    deltas = client.events("response.output_text.delta")
    assert "".join(delta["delta"] for delta in deltas) == item["content"][0]["text"]
    assert client.events("response.output_audio.delta") == []


async def test_items_are_where_the_client_put_them(server: ServerProcess) -> None:
    async with realtime(server.url) as client:
        for id, previous in (("b", None), ("a", "root"), ("c", "b"), ("d", "a")):
            item = {"type": "message", "role": "user", "id": id}
            item["content"] = [{"type": "input_text", "text": id}]  # type: ignore[assignment]
            place = {} if previous is None else {"previous_item_id": previous}
            await client.send("conversation.item.create", item=item, **place)
        await client.send("conversation.item.delete", item_id="b")
        await client.wait_for("conversation.item.deleted")
        await client.send("conversation.item.retrieve", item_id="b", event_id="gone")
        error = (await client.wait_for("error"))["error"]
    added = client.events("conversation.item.added")
    places = {event["item"]["id"]: event["previous_item_id"] for event in added}
    assert places == {"b": None, "a": None, "c": "b", "d": "a"}
    assert error["code"] == "item_retrieve_invalid_item_id"
    assert error["event_id"] == "gone"


async def test_a_response_beside_the_conversation(server: ServerProcess) -> None:
    prompt = {"type": "message", "role": "user"}
    content = [{"type": "input_text", "text": "Say I have a question."}]
    async with realtime(server.url) as client:
        params = {"conversation": "none", "input": [{**prompt, "content": content}]}
        params["output_modalities"] = ["text"]
        await client.send("response.create", response=params)
        response = (await client.wait_for("response.done"))["response"]
    assert response["conversation_id"] is None
    assert words_of(response["output"][0]["content"][0]["text"]) == words_of("I have a question.")
    assert client.events("conversation.item.added") == []


async def test_a_recording_in_an_item_is_heard(server: ServerProcess) -> None:
    question = await spoken(QUESTION)
    audio = base64.b64encode(question.tobytes()).decode()
    item = {"type": "message", "role": "user", "id": "mine"}
    async with realtime(server.url, TRANSCRIBED) as client:
        content = [{"type": "input_audio", "audio": audio}]
        await client.send("conversation.item.create", item={**item, "content": content})
        await client.send("response.create")
        response = (await client.wait_for("response.done"))["response"]
        await client.send("conversation.item.retrieve", item_id="mine")
        shown = (await client.wait_for("conversation.item.retrieved"))["item"]
    assert words_of(response["output"][0]["content"][0]["transcript"]) == words_of(ANSWER)
    assert words_of(shown["content"][0]["transcript"]) == words_of(QUESTION)
    assert client.events("input_audio_buffer.committed") == []


async def test_a_telephone(server: ServerProcess, understand: Understand) -> None:
    format = AudioFormat(Codec.PCMU, 8_000)
    ulaw = {"format": {"type": "audio/pcmu"}}
    question = await spoken(QUESTION, 8_000)
    session = {"audio": {"input": ulaw, "output": ulaw}}
    async with realtime(server.url, session, listening=True, format=format) as client:
        await client.microphone.say(question)
        response = (await client.wait_for("response.done"))["response"]
    written = response["output"][0]["content"][0]["transcript"]
    assert word_error(ANSWER, written) <= 0.5
    told = await understand(client.audio(response["id"]), 8_000)
    assert word_error(written, told) <= 0.4


async def test_a_transcription_session_never_answers(server: ServerProcess) -> None:
    speech = await spoken(QUESTION)
    path = "v1/realtime?intent=transcription"
    async with realtime(server.url, path=path, listening=True) as client:
        created = client.events("session.created")[0]["session"]
        await client.microphone.say(speech)
        heard = await client.wait_for("conversation.item.input_audio_transcription.completed")
        await client.send("response.create", event_id="no")
        error = (await client.wait_for("error"))["error"]
    assert created["type"] == "transcription"
    assert words_of(heard["transcript"]) == words_of(QUESTION)
    assert error["event_id"] == "no"
    assert [kind for kind in client.kinds() if kind.startswith("response.")] == []


# Scripted -----------------------------------------------------------------------------------------

WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@pytest.fixture(scope="module")
def caller() -> Iterator[ServerProcess]:
    """Asks for the weather if it can, then says what it was told to."""
    engines = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")
    calls = '[["weather", "{\\"city\\":\\"Ulm\\"}"]]'
    with ServerProcess(*engines, "--set", f"llm.scripted.tool_calls={calls}") as server:
        yield server


async def test_a_function_is_called_and_its_answer_is_used(caller: ServerProcess) -> None:
    async with realtime(caller.url, {"tools": [WEATHER], "tool_choice": "auto"}) as client:
        await client.write("What is the weather in Ulm?")
        called = (await client.wait_for("response.done"))["response"]
        (call,) = called["output"]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "Rain."}
        await client.send("conversation.item.create", item=output)
        await client.send("response.create")
        answered = (await client.wait_for("response.done"))["response"]
    assert (call["type"], call["name"], call["status"]) == ("function_call", "weather", "completed")
    assert call["arguments"] == '{"city":"Ulm"}'
    done = client.events("response.function_call_arguments.done")[0]
    assert (done["name"], done["arguments"]) == ("weather", call["arguments"])
    assert answered["output"][0]["type"] == "message"
    added = [event["item"]["type"] for event in client.events("conversation.item.added")]
    assert added == ["message", "function_call", "function_call_output", "message"]


async def test_one_answer_at_a_time(scripted: ServerProcess) -> None:
    async with realtime(scripted.url) as client:
        await client.write("Hello.")
        await client.send("response.create", event_id="second")
        error = (await client.wait_for("error"))["error"]
        await client.wait_for("response.created")
        await client.send("response.cancel")
        cancelled = (await client.wait_for("response.done"))["response"]
        await client.send("response.cancel", event_id="late")
        late = (await client.wait_for("error"))["error"]
        await client.send("response.create")
        again = (await client.wait_for("response.done"))["response"]
    assert error["code"] == "conversation_already_has_active_response"
    assert error["event_id"] == "second"
    assert cancelled["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert late["message"] == "Cancellation failed: no active response found"
    assert late["event_id"] == "late"
    assert again["status"] == "completed"


async def test_bad_messages_are_refused_and_the_session_lives(scripted: ServerProcess) -> None:
    async with realtime(scripted.url) as client:
        await client.socket.send_str("{")
        await client.socket.send_bytes(b"\x00\x00")
        await client.send("no.such.event", event_id="mine")
        errors = [(await client.wait_for("error"))["error"] for _ in range(3)]
        await client.write("Hello.")
        assert (await client.wait_for("response.done"))["response"]["status"] == "completed"
    assert {error["code"] for error in errors} == {"invalid_event"}
    assert errors[-1]["event_id"] == "mine"


async def test_a_silence_that_lasts_is_answered(scripted: ServerProcess) -> None:
    detection = {"type": "server_vad", "idle_timeout_ms": 300}
    session = {"audio": {"input": {"turn_detection": detection, "transcription": WHISPER}}}
    async with realtime(scripted.url, session, listening=True) as client:
        timeout = await client.wait_for("input_audio_buffer.timeout_triggered")
        done = (await client.wait_for("response.done"))["response"]
    assert timeout["audio_end_ms"] - timeout["audio_start_ms"] == 300
    assert client.events("input_audio_buffer.committed")[0]["item_id"] == timeout["item_id"]
    assert done["status"] == "completed"


async def test_a_message_may_be_long_and_not_longer(scripted: ServerProcess) -> None:
    async with realtime(scripted.url, MANUAL) as client:
        await client.append(bytes(700_000))
        await client.send("input_audio_buffer.commit")
        await client.wait_for("input_audio_buffer.committed")
        await client.append(bytes(1_000_000))
        assert await client.closed() == 1009


async def test_who_says_nothing_for_long_is_cut_off_as_these_clients_expect() -> None:
    engines = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")
    patience = ("limits.idle_timeout_s=0.1", "realtime.idle_timeout_s=1")
    options = [option for setting in patience for option in ("--set", setting)]
    with ServerProcess(*engines, *options) as server:
        async with realtime(server.url) as client:
            await client.write("Hello.")
            await client.wait_for("response.done")
            error = (await client.wait_for("error"))["error"]
            assert await client.closed() == 1001
    assert error["code"] == "idle_timeout"


async def test_a_session_ends_as_these_clients_know_it() -> None:
    engines = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")
    with ServerProcess(*engines, "--set", "limits.session_s_max=1") as server:
        async with realtime(server.url) as client:
            error = (await client.wait_for("error"))["error"]
            assert await client.closed() == 1001
    assert error["code"] == "session_expired"
    assert error["message"] == "Your session hit the maximum duration of 1 seconds."


# The door -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def locked() -> Iterator[ServerProcess]:
    engines = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")
    with ServerProcess(*engines, "--set", f'auth.keys=["{KEY}"]') as server:
        yield server


@pytest.mark.parametrize(
    ("path", "headers", "protocols"),
    [
        ("v1/realtime", {"Authorization": f"Bearer {KEY}"}, ()),
        ("openai/v1/realtime?model=x&call=me", {"api-key": KEY}, ()),
        ("openai/realtime", {}, ("realtime", f"openai-insecure-api-key.{KEY}")),
    ],
)
async def test_keys_are_taken_where_clients_put_them(
    locked: ServerProcess, path: str, headers: dict[str, str], protocols: tuple[str, ...]
) -> None:
    async with realtime(locked.url, path=path, headers=headers, protocols=protocols) as client:
        assert client.socket.protocol == ("realtime" if protocols else None)
        await client.update(instructions="Be brief.")


async def refusal(url: str) -> tuple[int, Json]:
    async with aiohttp.ClientSession() as http:
        headers = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        async with http.get(url, headers=headers) as answer:
            return answer.status, (await answer.json())["error"]


async def test_without_a_key_the_answer_is_openais(locked: ServerProcess) -> None:
    status, error = await refusal(f"{locked.url}realtime")
    assert status == 401
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_api_key")


async def test_there_are_no_calls_to_join(scripted: ServerProcess) -> None:
    status, error = await refusal(f"{scripted.url}v1/realtime?call_id=rtc_1")
    assert (status, error["code"]) == (404, "call_not_found")


async def test_keys_in_unknown_subprotocols_are_not_logged() -> None:
    engines = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")
    with ServerProcess(*engines, "--set", f'auth.keys=["{KEY}"]') as server:
        async with realtime(server.url, protocols=(f"openai-insecure-api-key.{KEY}",)):
            pass
        server.stop()
    assert KEY not in server.log
    assert "subprotocol" in server.log
