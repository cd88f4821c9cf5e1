"""Every way in which audio may come and go: rates, codecs, channels, pieces, gaps."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import numpy as np
import pytest

from audio import Samples
from audio.formats import AudioFormat, Codec
from tests.support.microphone import as_bytes, frame, silence
from tests.support.server import ServerProcess
from tests.support.speech import say
from tests.support.voice_client import VoiceClient, connected, hello
from voice_server.bench.word_error import word_error, words_of

pytestmark = pytest.mark.socket

Understand = Callable[[Samples, int], Awaitable[str]]

SENTENCE = "Do I have any new messages?"
TRAIL_MS = 1500
"""Silence that surely ends a turn."""


@dataclass(frozen=True)
class Microphone:
    """What a client sends, and how many bytes at a time."""

    rate: int
    chunk_bytes: int
    codec: Codec = Codec.PCM_S16LE
    channels: int = 1

    def hello(self) -> dict[str, object]:
        return hello(mode="transcription", rate=self.rate, codec=self.codec, channels=self.channels)

    async def recording(self) -> bytes:
        samples = await asyncio.to_thread(say, SENTENCE, rate=self.rate, trail_ms=TRAIL_MS)
        return as_bytes(samples, AudioFormat(self.codec, self.rate, self.channels))


MICROPHONES = (
    Microphone(8_000, 320),
    Microphone(16_000, 333),
    Microphone(16_000, 32_000),
    Microphone(22_050, 882),
    Microphone(44_100, 1763),
    Microphone(48_000, 1920),
    Microphone(8_000, 160, Codec.PCMU),
    Microphone(8_000, 8_000, Codec.PCMA),
    Microphone(16_000, 1281, channels=2),
    Microphone(48_000, 4091, channels=2),
    Microphone(8_000, 101),
)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


async def transcribed(server: ServerProcess, microphone: Microphone) -> str:
    """What the server understands; faster than real time, which it allows for a minute."""
    recording = await microphone.recording()
    async with connected(server.url, microphone.hello()) as client:
        for piece in pieces(recording, microphone.chunk_bytes):
            await client.socket.send_bytes(piece)
        final = await client.wait_for("transcript.final")
    text: str = final["text"]
    return text


async def test_every_input_format_is_understood(server: ServerProcess) -> None:
    texts = await asyncio.gather(*(transcribed(server, one) for one in MICROPHONES))
    rates = [word_error(SENTENCE, text) for text in texts]
    understood = dict(zip(MICROPHONES, rates, strict=True))
    assert max(understood.values()) <= 0.2, understood
    wide_band = {one: rate for one, rate in understood.items() if one.rate > 8_000}
    assert set(wide_band.values()) == {0}, wide_band


def crumbs(data: bytes) -> Iterator[bytes]:
    """Pieces of one, two and three bytes: fewer messages than `limits.frames_per_s` allows."""
    sizes, start = cycle((1, 2, 3)), 0
    while start < len(data):
        size = next(sizes)
        yield data[start : start + size]
        start += size


async def test_speech_may_come_in_crumbs(server: ServerProcess) -> None:
    speech = await asyncio.to_thread(say, "Thank you.", rate=8_000, lead_ms=100, trail_ms=0)
    async with connected(server.url, hello(mode="transcription", rate=8_000)) as client:
        for piece in crumbs(speech.tobytes()):
            await client.socket.send_bytes(piece)
            await asyncio.sleep(0)  # a send does not yield while there is room
        await client.socket.send_bytes(bytes(2 * TRAIL_MS * 8))
        final = await client.wait_for("transcript.final")
    assert final["text"] == "Thank you."


async def test_ws_takes_bare_audio_without_a_word(server: ServerProcess) -> None:
    recording = await Microphone(16_000, 640).recording()
    async with connected(server.url, path="ws", greet=False) as client:
        ready = await client.wait_for("ready")
        for piece in pieces(recording, 640):
            await client.socket.send_bytes(piece)
        final = await client.wait_for("transcript.final")
        await client.wait_for("audio")
    assert ready["audio"]["framing"] == "raw"
    assert ready["audio"]["input"] == {"codec": "pcm_s16le", "rate": 16_000, "channels": 1}
    assert words_of(final["text"]) == words_of(SENTENCE)


async def test_the_address_may_say_what_hello_would(server: ServerProcess) -> None:
    path = "ws?mode=transcription&codec=pcmu&rate=8000&out_rate=8000"
    async with connected(server.url, path=path, greet=False) as client:
        ready = await client.wait_for("ready")
    assert ready["mode"] == "transcription"
    assert ready["audio"]["input"] == {"codec": "pcmu", "rate": 8_000, "channels": 1}
    assert ready["audio"]["output"]["rate"] == 8_000


async def test_a_first_message_of_audio_opens_a_raw_session(server: ServerProcess) -> None:
    recording = await Microphone(16_000, 640).recording()
    async with connected(server.url, greet=False) as client:
        for piece in pieces(recording, 640):
            await client.socket.send_bytes(piece)
        ready = await client.wait_for("ready")
        final = await client.wait_for("transcript.final")
    assert ready["audio"]["framing"] == "raw"
    assert words_of(final["text"]) == words_of(SENTENCE)


# Framed --------------------------------------------------------------------------------------

CUT = 8_000
"""Samples per frame: half a second."""


async def framed_recording() -> list[tuple[int, Samples]]:
    samples = await asyncio.to_thread(say, SENTENCE)
    return [(start, samples[start : start + CUT]) for start in range(0, len(samples), CUT)]


async def finish(client: VoiceClient, end: int) -> str:
    """The rest is silence, told in one message."""
    await client.socket.send_bytes(silence(end, 16_000))
    final = await client.wait_for("transcript.final")
    text: str = final["text"]
    return text


async def test_a_count_of_silence_ends_a_turn(server: ServerProcess) -> None:
    recording = await framed_recording()
    async with connected(server.url, hello(mode="transcription", framing="framed")) as client:
        for start, samples in recording:
            await client.socket.send_bytes(frame(start, samples.tobytes()))
        text = await finish(client, recording[-1][0] + recording[-1][1].size)
    assert words_of(text) == words_of(SENTENCE)
    assert client.events("notice") == []


async def test_audio_that_comes_twice_is_heard_once(server: ServerProcess) -> None:
    recording = await framed_recording()
    async with connected(server.url, hello(mode="transcription", framing="framed")) as client:
        samples = np.concatenate([samples for _, samples in recording])
        for start in range(0, len(samples), CUT // 2):
            overlapping = samples[start : start + CUT]
            await client.socket.send_bytes(frame(start, overlapping.tobytes()))
        text = await finish(client, len(samples))
    assert words_of(text) == words_of(SENTENCE)
    assert client.events("notice") == []


async def test_a_gap_is_noticed_and_the_session_goes_on(server: ServerProcess) -> None:
    recording = await framed_recording()
    gap = 3_200
    async with connected(server.url, hello(mode="transcription", framing="framed")) as client:
        await client.socket.send_bytes(frame(gap, recording[0][1].tobytes()))
        notice = await client.wait_for("notice")
        for start, samples in recording[1:]:
            await client.socket.send_bytes(frame(start + gap, samples.tobytes()))
        text = await finish(client, gap + recording[-1][0] + recording[-1][1].size)
    assert notice["code"] == "input_gap"
    assert "3200" in notice["detail"]
    assert words_of(text) == words_of(SENTENCE)


async def test_half_a_minute_of_silence_is_no_turn(server: ServerProcess) -> None:
    recording = await framed_recording()
    begin = 30 * 16_000
    async with connected(server.url, hello(mode="transcription", framing="framed")) as client:
        await client.socket.send_bytes(silence(0, begin))
        for start, samples in recording:
            await client.socket.send_bytes(frame(begin + start, samples.tobytes()))
        text = await finish(client, begin + recording[-1][0] + recording[-1][1].size)
    assert words_of(text) == words_of(SENTENCE)
    assert len(client.events("speech.started")) == 1


# Output --------------------------------------------------------------------------------------

OUTPUTS = {
    (8_000, "pcm_s16le"): 0.5,
    (16_000, "pcm_s16le"): 0.2,
    (22_050, "pcm_s16le"): 0.2,
    (44_100, "pcm_s16le"): 0.2,
    (48_000, "pcm_s16le"): 0.2,
    (8_000, "pcmu"): 0.5,
    (8_000, "pcma"): 0.5,
}
"""Rate and codec, and the word error that a telephone's band may cost."""


async def test_every_output_format_carries_the_same_speech(
    server: ServerProcess, understand: Understand
) -> None:
    clips = await asyncio.gather(*(spoken(server, rate, codec) for rate, codec in OUTPUTS))
    seconds = [len(clip) / rate for clip, (rate, _) in zip(clips, OUTPUTS, strict=True)]
    assert max(seconds) - min(seconds) < 0.05
    for ((rate, codec), limit), clip in zip(OUTPUTS.items(), clips, strict=True):
        heard = await understand(clip, rate)
        assert word_error(SENTENCE, heard) <= limit, (rate, codec, heard)


async def spoken(server: ServerProcess, rate: int, codec: str) -> Samples:
    opening = hello(mode="tts", out_rate=rate, out_codec=codec)
    async with connected(server.url, opening) as client:
        assert client.events("ready")[0]["audio"]["output"] == {
            "codec": codec,
            "rate": rate,
            "channels": 1,
        }
        await client.send("say", text=SENTENCE)
        await client.wait_for("audio.done")
    return client.audio(1)


async def test_the_first_rate_that_can_be_served_is_taken(server: ServerProcess) -> None:
    opening = hello()
    opening["audio"]["output"]["rates"] = [96_000, 44_100]
    async with connected(server.url, opening) as client:
        ready = client.events("ready")[0]
    assert ready["audio"]["output"]["rate"] == 44_100
