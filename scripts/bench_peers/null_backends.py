"""A language model and a voice that take a fixed time and no work, for whole agents: a process.

Both agents get the same words after the same time, and the same sound after the same time; the
voice answers OpenAI's `/v1/audio/speech` and Piper's own HTTP, because that is what they speak.
Whoever asks for a story gets an answer of a minute, whoever asks anything else a short one.
"""

import asyncio
import json
import sys
import wave
from io import BytesIO

import numpy as np
from aiohttp import web

LLM_S, TTS_S = 0.12, 0.06
SHORT = "It is ten o'clock."
LONG = " ".join(["And then the old ship sailed on and on."] * 30)
CHAR_S = 0.06
OPENAI_RATE, PIPER_RATE = 24_000, 16_000


def answer(asked: dict[str, object]) -> str:
    """What the model says to a conversation in OpenAI's form."""
    messages = asked["messages"]
    assert isinstance(messages, list)
    last = next((one for one in reversed(messages) if one["role"] == "user"), {})
    return LONG if "story" in json.dumps(last).lower() else SHORT


def sound(text: str, rate: int) -> bytes:
    """A tone for as long as the text would take, 16-bit mono."""
    time = np.arange(int(len(text) * CHAR_S * rate)) / rate
    return (3000 * np.sin(2 * np.pi * 440 * time)).astype("<i2").tobytes()


def riff(samples: bytes, rate: int) -> bytes:
    """The same as a wav file."""
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(samples)
    return file.getvalue()


async def chat(request: web.Request) -> web.StreamResponse:
    """Handle `POST /v1/chat/completions`: the whole answer, word by word, at once."""
    words = answer(await request.json()).split(" ")
    await asyncio.sleep(LLM_S)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for number, word in enumerate(words):
        await response.write(_event({"delta": {"content": f" {word}" if number else word}}))
    await response.write(_event({"delta": {}, "finish_reason": "stop"}))
    await response.write(b"data: [DONE]\n\n")
    return response


def _event(choice: dict[str, object]) -> bytes:
    chunk = {"id": "null", "object": "chat.completion.chunk", "created": 0, "model": "null"}
    return b"data: " + json.dumps({**chunk, "choices": [{"index": 0, **choice}]}).encode() + b"\n\n"


async def models(_request: web.Request) -> web.Response:
    """Handle `GET /v1/models`."""
    return web.json_response({"object": "list", "data": [{"id": "null", "object": "model"}]})


async def openai_speech(request: web.Request) -> web.Response:
    """Handle `POST /v1/audio/speech`: raw samples."""
    asked = await request.json()
    await asyncio.sleep(TTS_S)
    return web.Response(body=sound(asked["input"], OPENAI_RATE), content_type="audio/pcm")


async def piper_speech(request: web.Request) -> web.Response:
    """Handle Piper's `POST`: a wav file."""
    asked = await request.json()
    await asyncio.sleep(TTS_S)
    body = riff(sound(asked["text"], PIPER_RATE), PIPER_RATE)
    return web.Response(body=body, content_type="audio/wav")


def application() -> web.Application:
    """All of it."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/audio/speech", openai_speech)
    app.router.add_post("/piper", piper_speech)
    return app


def main() -> None:
    """Serve on loopback, at the port that is the only argument."""
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None)


if __name__ == "__main__":
    main()
