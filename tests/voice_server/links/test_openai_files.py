"""Recordings are transcribed as a whole or passage by passage, and what is none is explained."""

from dataclasses import replace

import numpy as np
import pytest

from audio import SAMPLE_RATE, Samples
from models.llm.sse import EventStream
from models.scripted import RecognizerScript, ScriptedRecognizer
from tests.support.rest import (
    BEARER,
    WITH_KEY,
    Client,
    rest_client,
    rest_server,
    spent,
    upload,
    wav,
)
from tests.support.speech import say

pytestmark = pytest.mark.socket

PATH = "/v1/audio/transcriptions"


@pytest.fixture(scope="module")
def speech() -> Samples:
    """Two sentences, more than a second apart."""
    return np.concatenate([say("The window is open.", trail_ms=1500), say("Stop the alarm.")])


class Translator(ScriptedRecognizer):
    """Takes itself for multilingual."""

    translates = True


async def error(client: Client, content: bytes, path: str = PATH, **fields: str) -> tuple[int, str]:
    async with client.post(path, data=upload(content, **fields)) as response:
        return response.status, (await response.json())["error"]["message"]


def texts(*said: str) -> str:
    return "asr.scripted.texts=" + str(list(said)).replace("'", '"')


async def test_passages_make_one_text(speech: Samples) -> None:
    async with (
        rest_client(texts("One.", "Two.")) as client,
        client.post(PATH, data=upload(wav(speech), model="whisper-1")) as response,
    ):
        assert response.status == 200
        assert (await response.json())["text"] == "One. Two."


async def test_the_length_is_that_of_the_recording(speech: Samples) -> None:
    fields = {"response_format": "verbose_json", "timestamp_granularities_": "word"}
    async with (
        rest_client() as client,
        client.post(PATH, data=upload(wav(speech), **fields)) as response,
    ):
        answer = await response.json()
    assert answer["duration"] == pytest.approx(len(speech) / SAMPLE_RATE, abs=0.01)
    assert answer["words"][0]["start"] < 2 < answer["words"][-1]["start"]
    assert "segments" not in answer


async def test_passages_are_streamed_as_they_are_understood(speech: Samples) -> None:
    async with (
        rest_client(texts("One.", "Two.")) as client,
        client.post(PATH, data=upload(wav(speech), stream="true")) as response,
    ):
        assert response.content_type == "text/event-stream"
        body = await response.read()
    assert body.count(b" s are done\n") == 2
    *_, done, end = EventStream().feed(body)
    assert '"text":"One. Two."' in done
    assert end == "[DONE]"


async def test_silence_has_no_words() -> None:
    async with rest_client() as client:
        silence = wav(np.zeros(SAMPLE_RATE, np.int16))
        async with client.post(PATH, data=upload(silence, response_format="text")) as response:
            assert await response.text() == "\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty."),
        (b"nothing that could be heard" * 100, "The file is not a recording in a format that"),
        (wav(np.zeros(0, np.int16)), "The file holds no audio."),
    ],
)
async def test_what_is_no_recording_is_explained(content: bytes, says: str) -> None:
    async with rest_client() as client:
        status, message = await error(client, content)
        assert status == 400
        assert message.startswith(says)


async def test_a_recording_may_not_be_endless(speech: Samples) -> None:
    async with rest_client("rest.recording_s_max=2") as client:
        status, message = await error(client, wav(speech))
        assert (status, message[:23]) == (400, "The file is longer than")


async def test_a_recogniser_that_fails(speech: Samples) -> None:
    broken = ScriptedRecognizer(RecognizerScript(fail="final"))
    async with rest_client(adapt=lambda it: replace(it, recognizer=broken)) as client:
        status, message = await error(client, wav(speech))
        assert (status, message) == (500, "The scripted recogniser fails on finals, as asked.")


async def test_only_what_translates_translates(speech: Samples) -> None:
    path = "/v1/audio/translations"
    async with rest_client() as client:
        status, message = await error(client, wav(speech), path)
        assert status == 400
        assert message.startswith("scripted does not translate: load a multilingual")
    translator = Translator(RecognizerScript(("Good day.",)))
    async with (
        rest_client(adapt=lambda it: replace(it, recognizer=translator)) as client,
        client.post(path, data=upload(wav(speech))) as response,
    ):
        assert (await response.json())["text"].startswith("Good day.")


async def test_minutes_are_charged_and_end_with_the_budget(speech: Samples) -> None:
    recording = np.resize(speech, 25 * SAMPLE_RATE)
    statuses = []
    async with rest_server(*WITH_KEY, "budgets.audio_min_max=1") as (server, client):
        for _ in range(3):
            form = upload(wav(recording), model="whisper-1")
            async with client.post(PATH, data=form, headers=BEARER) as response:
                statuses.append(response.status)
                await response.read()
        assert statuses == [200, 200, 429]
        assert (await spent(server))["audio_ms"] == 50_000
