"""One-liners against the real server: ask, speak, transcribe, and sentences when they cannot."""

from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
import soundfile
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clips import load_clip
from tests.support.greeting import READY
from tests.support.server import ServerProcess
from voice_server.client import CallError, ReplyFailed, ask, speak, transcribe_file
from voice_server.client.errands import PIECE_CHARS_MAX, pieces, transcribed
from voice_server.recordings.audio_file import AudioFileError

pytestmark = pytest.mark.socket

CLIPS = Path(__file__).parents[2] / "clips"


def test_ask(server: ServerProcess) -> None:
    answer = ask("What is two plus three?", server.url)
    assert "five" in answer.text.lower() or "5" in answer.text
    assert answer.rate == 24_000
    assert len(answer.samples) > answer.rate // 4
    assert np.abs(answer.samples).max() > 1000
    assert "five" not in repr(answer)


def test_what_is_spoken_can_be_transcribed(server: ServerProcess, tmp_path: Path) -> None:
    answer = speak("What is the weather like in London today?", server.url, voice="en-us")
    file = tmp_path / "question.wav"
    soundfile.write(file, answer.samples, answer.rate)
    assert "weather like in London" in transcribe_file(str(file), server.url)


def test_every_stretch_of_a_recording(server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "two.flac"
    soundfile.write(file, np.concatenate([load_clip("question"), load_clip("no")]), 16_000)
    first, second = transcribe_file(str(file), server.url).splitlines()
    assert "London" in first
    assert second.lower().startswith("no")


async def test_stretches_come_in_the_order_in_which_they_were_said() -> None:
    """A server that recognises the second one first, because it is shorter."""

    async def converse(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("voice.v1",))
        await socket.prepare(request)
        await socket.receive()
        await socket.send_json(READY)
        while (await socket.receive()).type is WSMsgType.BINARY:
            pass
        for item, ms in (("turn_1", 100), ("turn_2", 900)):
            await socket.send_json({"type": "speech.started", "item": item, "pos": 0, "ms": ms})
        await socket.send_json({"type": "ack", "id": "last"})
        for item in ("turn_2", "turn_1"):
            await socket.send_json({"type": "transcript.final", "item": item, "text": item})
        await socket.receive()
        return socket

    app = web.Application()
    app.router.add_get("/v1/voice", converse)
    async with TestServer(app) as server:
        file = str(CLIPS / "no.flac")
        async with aclosing(transcribed(file, str(server.make_url("/")))) as stretches:
            said = [(stretch.final.text, stretch.start_ms) async for stretch in stretches]
    assert said == [("turn_1", 100), ("turn_2", 900)]


def test_a_recording_of_nothing(server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "silence.wav"
    soundfile.write(file, np.zeros(16_000, dtype=np.int16), 16_000)
    assert transcribe_file(str(file), server.url) == ""


def test_a_long_text_is_spoken_whole(scripted: ServerProcess) -> None:
    text = "This is a sentence of some length. " * 40
    answer = speak(text, scripted.url)
    spoken_s = 0.02 * len(text)
    assert answer.samples.size == pytest.approx(spoken_s * answer.rate, rel=0.1)


def test_what_cannot_be_done_is_a_sentence(server: ServerProcess, tmp_path: Path) -> None:
    with pytest.raises(ReplyFailed, match="nobody"):
        speak("Hello.", server.url, voice="nobody")
    with pytest.raises(AudioFileError, match="cannot be opened"):
        transcribe_file(str(tmp_path / "none.wav"), server.url)
    with pytest.raises(CallError, match="Nobody answers"):
        ask("Hello?", "127.0.0.1:9")


@given(st.text(st.sampled_from("ab.! "), max_size=3000))
def test_pieces_hold_every_word_in_order(text: str) -> None:
    cut = pieces(text)
    assert " ".join(cut).split() == text.split()
    longest = max((len(word) for word in text.split()), default=0)
    assert all(0 < len(piece) <= max(PIECE_CHARS_MAX, longest) for piece in cut)


def test_pieces_end_with_sentences() -> None:
    sentence = "Nobody knows how long this sentence is. "
    assert all(piece.endswith(".") for piece in pieces(sentence * 50))
