"""The `openai` package against the running server: it changes its base URL, and nothing else."""

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import aiohttp
import av
import numpy as np
import openai
import pytest
import soundfile

from audio import SAMPLE_RATE, Samples
from tests.peers.conftest import CHARS_MAX
from tests.support.rest import wav
from tests.support.scrape import scrape, scrape_until
from tests.support.server import ServerProcess
from tests.support.speech import LEAD_MS, TRAIL_MS, say
from voice_server.bench.word_error import words_of
from voice_server.recordings.audio_encoder import Format, encoder

pytestmark = pytest.mark.socket

SENTENCE = "The window is open."
OTHER = "Let me think about it."
"""Which the bundled recogniser gets exactly right."""

UPLOAD_BYTES_MAX = 25 * 1024 * 1024


@pytest.fixture
def client(server: ServerProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def recording() -> tuple[str, bytes]:
    return "speech.wav", wav(say(SENTENCE))


def encoded(samples: Samples, format: Format) -> bytes:
    writer = encoder(format, SAMPLE_RATE)
    return writer.feed(samples) + writer.finish()


# Models ------------------------------------------------------------------------------------------


def test_models(client: openai.OpenAI) -> None:
    models = client.models.list().data
    assert {"faster-whisper:bundled", "whisper-1", "tts-1"} < {model.id for model in models}
    assert {model.owned_by for model in models} == {"voice-server"}
    assert client.models.retrieve("whisper-1").id == "whisper-1"
    with pytest.raises(openai.NotFoundError, match="There is no model 'dall-e-3' here"):
        client.models.retrieve("dall-e-3")


# Transcriptions ----------------------------------------------------------------------------------


def test_json(client: openai.OpenAI, recording: tuple[str, bytes]) -> None:
    answer = client.audio.transcriptions.create(file=recording, model="whisper-1")
    assert answer.text == SENTENCE
    assert answer.usage is not None
    assert answer.usage.to_dict() == {"type": "duration", "seconds": 2}


@pytest.mark.parametrize(
    ("format", "answer"),
    [
        ("text", f"{SENTENCE}\n"),
        ("srt", f"1\n00:00:00,{{start}} --> 00:00:01,{{end}}\n{SENTENCE}\n"),
        ("vtt", f"WEBVTT\n\n00:00:00.{{start}} --> 00:00:01.{{end}}\n{SENTENCE}\n"),
    ],
)
def test_text_and_subtitles(
    client: openai.OpenAI,
    recording: tuple[str, bytes],
    format: Literal["text", "srt", "vtt"],
    answer: str,
) -> None:
    text = client.audio.transcriptions.create(
        file=recording, model="whisper-1", response_format=format
    )
    before, _, after = answer.partition("{start}")
    assert text.startswith(before)
    assert text.endswith(after.partition("{end}")[2])


def test_verbose_json_knows_when_each_word_was_said(
    client: openai.OpenAI, recording: tuple[str, bytes]
) -> None:
    answer = client.audio.transcriptions.create(
        file=recording,
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert (answer.text, answer.language) == (SENTENCE, "english")
    assert answer.duration == pytest.approx(len(say(SENTENCE)) / SAMPLE_RATE, abs=0.01)
    assert answer.words is not None
    assert [word.word for word in answer.words] == SENTENCE.split()
    edges = [edge for word in answer.words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert edges[0] == pytest.approx(LEAD_MS / 1000, abs=0.15)
    assert edges[-1] == pytest.approx(answer.duration - TRAIL_MS / 1000, abs=0.15)
    assert answer.segments is not None
    (segment,) = answer.segments
    assert (segment.text, segment.start, segment.end) == (SENTENCE, edges[0], edges[-1])


def test_a_stream_grows_sentence_by_sentence(client: openai.OpenAI) -> None:
    both = np.concatenate([say(SENTENCE, trail_ms=1500), say(OTHER)])
    events = list(
        client.audio.transcriptions.create(
            file=("both.wav", wav(both)), model="gpt-4o-mini-transcribe", stream=True
        )
    )
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    assert deltas == [SENTENCE, f" {OTHER}"]
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == "".join(deltas)


@pytest.mark.parametrize("format", ["mp3", "flac", "opus", "aac", "wav"])
def test_every_format_is_understood(client: openai.OpenAI, format: Format) -> None:
    file = (f"speech.{format}", encoded(say(SENTENCE), format))
    assert client.audio.transcriptions.create(file=file, model="whisper-1").text == SENTENCE


def test_ogg_vorbis_and_a_path_are_understood(client: openai.OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "speech.ogg"
    soundfile.write(path, say(SENTENCE), SAMPLE_RATE, format="OGG", subtype="VORBIS")
    assert client.audio.transcriptions.create(file=path, model="whisper-1").text == SENTENCE


def test_a_model_that_cannot_translate_says_so(
    client: openai.OpenAI, recording: tuple[str, bytes]
) -> None:
    with pytest.raises(openai.BadRequestError, match="does not translate: load a multilingual"):
        client.post(
            "/audio/translations",
            cast_to=object,
            files={"file": recording},
            body={"model": "whisper-1"},
            options={"headers": {"Content-Type": "multipart/form-data"}},
        )


BAD_FILES: dict[str, bytes] = {
    "The file is empty.": b"",
    "The file is not a recording in a format that can be read.": b"nothing to hear " * 1000,
}

BAD_FIELDS: dict[str, dict[str, Any]] = {
    "There is no model 'large-v9' here": {"model": "large-v9"},
    "There is no format 'pdf'": {"response_format": "pdf"},
    "does not know the language 'de': use en": {"language": "de"},
    "temperature is a number from 0 to 1, not '7'": {"temperature": 7},
    "There are times of segment and word, not of 'letter'": {"timestamp_granularities": ["letter"]},
    "This server cannot tell speakers apart.": {"response_format": "diarized_json"},
}


@pytest.mark.parametrize("says", BAD_FILES)
def test_what_is_no_recording(client: openai.OpenAI, says: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.transcriptions.create(file=("a.wav", BAD_FILES[says]), model="whisper-1")
    assert says in str(caught.value)
    assert (caught.value.code, caught.value.param) == ("invalid_audio", "file")


def test_three_hours_in_a_small_file(client: openai.OpenAI) -> None:
    file, rate = io.BytesIO(), 1000
    soundfile.write(file, np.zeros(3 * 3600 * rate, np.int16), rate, format="FLAC")
    with pytest.raises(openai.BadRequestError, match="The file is longer than 120 minutes"):
        client.audio.transcriptions.create(file=("a.flac", file.getvalue()), model="whisper-1")


@pytest.mark.parametrize("says", BAD_FIELDS)
def test_what_cannot_be_asked_for(
    client: openai.OpenAI, recording: tuple[str, bytes], says: str
) -> None:
    fields: dict[str, Any] = {"model": "whisper-1", **BAD_FIELDS[says]}
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as caught:
        client.audio.transcriptions.create(file=recording, **fields)
    assert says in str(caught.value)
    assert caught.value.param == next(iter(BAD_FIELDS[says]))


def test_a_form_without_a_file(server: ServerProcess, client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="The field file is required"):
        client.post(
            "/audio/transcriptions",
            cast_to=object,
            files={"other": b"x"},
            body={"model": "whisper-1"},
            options={"headers": {"Content-Type": "multipart/form-data"}},
        )


def memory_peak_kib(server: ServerProcess) -> int:
    """The most that the server has ever had in memory."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


@pytest.mark.parametrize("size", [26_000_000, UPLOAD_BYTES_MAX + 1, 40_000_000])
def test_uploads_need_no_memory(server: ServerProcess, client: openai.OpenAI, size: int) -> None:
    """The first is small enough to be looked at, the others are not."""
    before = memory_peak_kib(server)
    with pytest.raises(openai.APIStatusError) as caught:
        client.audio.transcriptions.create(file=("a.wav", b"\x01" * size), model="whisper-1")
    assert caught.value.status_code == (400 if size <= UPLOAD_BYTES_MAX else 413)
    assert memory_peak_kib(server) - before < 8192


async def test_an_upload_that_does_not_say_how_long_it_is(server: ServerProcess) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(27):
            yield b"x" * 1_000_000

    before = memory_peak_kib(server)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    url = f"{server.url}v1/audio/transcriptions"
    async with aiohttp.ClientSession() as http, http.post(url, data=body(), headers=headers) as r:
        assert r.status == 413
        assert (await r.json())["error"]["code"] == "too_large"
    assert memory_peak_kib(server) - before < 8192


# Speech ------------------------------------------------------------------------------------------


def understood(client: openai.OpenAI, name: str, content: bytes) -> list[str]:
    answer = client.audio.transcriptions.create(file=(name, content), model="whisper-1")
    return words_of(answer.text)


@pytest.mark.parametrize("format", ["wav", "mp3", "flac", "opus", "aac"])
def test_what_is_said_is_what_was_written(client: openai.OpenAI, format: Format) -> None:
    file = client.audio.speech.create(
        model="tts-1", voice="alloy", input=SENTENCE, response_format=format
    ).content
    with av.open(io.BytesIO(file)) as container:
        frames = list(container.decode(audio=0))
    seconds = sum(frame.samples for frame in frames) / frames[0].sample_rate
    assert 0.8 < seconds < 1.3
    assert understood(client, f"speech.{format}", file) == words_of(SENTENCE)


def test_pcm_is_at_24_khz(client: openai.OpenAI) -> None:
    pcm = client.audio.speech.create(
        model="tts-1", voice="alloy", input=SENTENCE, response_format="pcm"
    ).content
    file = wav(np.frombuffer(pcm, "<i2").astype(np.int16), 24_000)
    assert understood(client, "speech.wav", file) == words_of(SENTENCE)


def test_the_voice_and_the_speed_can_be_chosen(client: openai.OpenAI) -> None:
    def size(**fields: Any) -> int:
        speech = client.audio.speech.create(
            model="tts-1", input=SENTENCE, response_format="pcm", **{"voice": "en-us", **fields}
        )
        return len(speech.content)

    assert size(speed=4.0) < size(speed=2.0) < 0.6 * size()
    assert size(speed=0.25) > 3 * size()
    assert size(voice={"id": "de"}) != size()


async def test_a_download_begins_before_its_end(server: ServerProcess) -> None:
    """It is far more than all buffers hold, so the first bytes come while there is more to make."""
    text = f"{OTHER} " * (CHARS_MAX // (len(OTHER) + 1))
    active = 'voice_server_rest_active{endpoint="speeches"}'
    async with (
        openai.AsyncOpenAI(base_url=f"{server.url}v1", api_key="any") as client,
        client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input=text, response_format="pcm"
        ) as response,
    ):
        assert "content-length" not in response.headers
        first = await anext(response.iter_bytes(4800))
        assert len(first) == 4800
        assert (await scrape(server.url))[active] == 1
    await scrape_until(server.url, lambda samples: samples[active] == 0)


def test_speech_as_events(client: openai.OpenAI) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts",
        voice="alloy",
        input=SENTENCE,
        response_format="mp3",
        stream_format="sse",
    ) as response:
        assert response.headers["content-type"] == "text/event-stream"
        lines = [line for line in response.iter_lines() if line.startswith("data: ")]
    assert lines[0].startswith('data: {"type":"speech.audio.delta","audio":"')
    assert lines[-2].startswith('data: {"type":"speech.audio.done"')
    assert lines[-1] == "data: [DONE]"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"voice": "nobody"}, "there is no voice 'nobody'"),
        ({"model": "whisper-1"}, "There is no model 'whisper-1' here"),
        ({"response_format": "midi"}, "response_format: invalid enum value 'midi'"),
        ({"input": ""}, "input is empty"),
        ({"input": None}, "input: expected `str`, got `null`"),
        ({"input": "x" * (CHARS_MAX + 1)}, f"{CHARS_MAX} are allowed"),
        ({"speed": 9}, "speed is 0.25 to 4.0, not 9"),
    ],
)
def test_what_cannot_be_said(client: openai.OpenAI, fields: dict[str, Any], says: str) -> None:
    asked: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "input": SENTENCE, **fields}
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as caught:
        client.audio.speech.create(**asked)
    assert says in str(caught.value)


@pytest.mark.parametrize("path", ["audio/speech", "chat/completions"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{nonsense", 400, "invalid_json"),
        (b"{}", 400, "missing_required_parameter"),
        (b"[]", 400, "invalid_value"),
        (b" " * 1_100_000, 413, "too_large"),
    ],
)
async def test_bodies_that_are_wrong(
    server: ServerProcess, path: str, body: bytes, status: int, code: str
) -> None:
    url = f"{server.url}v1/{path}"
    async with aiohttp.ClientSession() as http, http.post(url, data=io.BytesIO(body)) as response:
        assert response.status == status
        assert (await response.json())["error"]["code"] == code


# Chat --------------------------------------------------------------------------------------------


def test_chat(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "What is two plus three?"}]
    )
    assert "five" in (answer.choices[0].message.content or "").lower()
    assert answer.choices[0].finish_reason == "stop"


def test_chat_is_streamed(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="offline-responder",
            messages=[{"role": "user", "content": "Hello."}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert len(texts) > 10
    assert "not a language model" in "".join(texts)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 10


def test_chat_is_limited(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "Tell me a long story."}],
        max_completion_tokens=5,
    )
    assert answer.choices[0].finish_reason == "length"


async def test_the_asynchronous_client_too(server: ServerProcess) -> None:
    async with openai.AsyncOpenAI(base_url=f"{server.url}v1", api_key="any") as client:
        answer = await client.audio.transcriptions.create(
            file=("speech.wav", wav(say(SENTENCE))), model="whisper-1"
        )
    assert answer.text == SENTENCE
