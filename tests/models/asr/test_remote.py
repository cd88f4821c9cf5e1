"""A recogniser elsewhere: our own server listens for another; partials, finals and errors."""

import numpy as np
import pytest
from aiohttp import web

from audio import SAMPLE_RATE
from models.asr import RecognitionError, RecognitionOptions, Superseded
from models.asr.remote import PARTIAL_S_MAX, RemoteRecognizer
from models.asr.whisper import Patience
from models.speech_endpoint import SpeechEndpoint
from tests.support.clips import load_clip
from tests.support.http_server import PatientServer
from tests.support.hub import black_hole
from tests.support.rest import rest_client

pytestmark = pytest.mark.socket

SECOND = np.zeros(SAMPLE_RATE, np.int16)


def recognizer_at(url: str, patience: Patience | None = None) -> RemoteRecognizer:
    return RemoteRecognizer(SpeechEndpoint(url), "whisper-1", patience or Patience(10.0, 10.0))


async def test_another_voice_server_listens() -> None:
    async with rest_client("asr.scripted.texts=['what is it']") as client:
        recognizer = recognizer_at(str(client.make_url("/v1")))
        utterance = recognizer.utterance(RecognitionOptions(language="en"))
        assert (await utterance.partial()).text == "", "nothing was said yet"
        utterance.feed(load_clip("question"))
        partial = await utterance.partial()
        assert partial.committed == ""
        assert partial.volatile.casefold().startswith("what is it")
        final = await utterance.final()
        assert final.volatile == ""
        assert final.committed.casefold().startswith("what is it")
        assert final.duration_ms > 500
        utterance.close()
        with pytest.raises(RecognitionError, match="closed"):
            await utterance.final()
        await recognizer.close()


async def test_long_utterances_have_no_partials() -> None:
    recognizer = recognizer_at("http://127.0.0.1:9")
    utterance = recognizer.utterance(RecognitionOptions())
    for _ in range(PARTIAL_S_MAX + 1):
        utterance.feed(SECOND)
    with pytest.raises(Superseded):
        await utterance.partial()
    with pytest.raises(RecognitionError, match=r"127\.0\.0\.1:9/v1 cannot be used"):
        await utterance.final()
    await recognizer.close()


@pytest.mark.parametrize("answer", ["{}", "[]", '{"text": 5}', "not JSON"])
async def test_strange_answers_are_refused(answer: str) -> None:
    async def transcribe(request: web.Request) -> web.Response:
        form = await request.post()
        assert form["language"] == "de"
        assert form["prompt"] == "Wien Graz"
        return web.Response(text=answer)

    app = web.Application()
    app.router.add_post("/v1/audio/transcriptions", transcribe)
    async with PatientServer(app) as server:
        recognizer = recognizer_at(str(server.make_url("/v1")))
        options = RecognitionOptions(language="de", prompt="Wien", hot_words=["Graz"])
        utterance = recognizer.utterance(options)
        utterance.feed(SECOND)
        with pytest.raises(RecognitionError):
            await utterance.final()
        await recognizer.close()


async def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    async with black_hole() as url:
        recognizer = recognizer_at(url, Patience(0.05, 0.05))
        utterance = recognizer.utterance(RecognitionOptions())
        utterance.feed(SECOND)
        with pytest.raises(Superseded):
            await utterance.partial()
        with pytest.raises(RecognitionError, match="too slow"):
            await utterance.final()
        await recognizer.close()
