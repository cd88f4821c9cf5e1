"""How much one reply may be, whatever the language model's server sends (L-06)."""

import asyncio

import pytest

from tests.support.chat_endpoint import Answer, chat_endpoint, delta
from tests.support.scrape import scrape
from tests.support.server import ServerProcess
from tests.support.voice_client import connected

pytestmark = pytest.mark.socket

WORDS = "word " * 20
TOKENS_MAX = 50
CHARS_PER_TOKEN_MAX = 16
"""No tokenizer's tokens are so long on average."""


async def test_a_million_tokens_end_where_they_were_to_end() -> None:
    """The server was asked for fifty and does not care: it is hung up on."""
    endless = Answer([delta(WORDS)] * 50_000)
    async with chat_endpoint(endless) as endpoint:
        options = ("--asr", "scripted", "--tts", "scripted", "--llm", endpoint.url)
        limits = ("--set", f"llm.max_tokens={TOKENS_MAX}", "--set", "tts.scripted.char_ms=1")
        server = ServerProcess(*options, *limits)
        await asyncio.to_thread(server.__enter__)
        try:
            async with connected(server.url) as client:
                await client.send("text", text="Tell me everything.")
                done = await client.wait_for("response.done")
                await asyncio.wait_for(endpoint.hung_up.wait(), 20)
                counted = await scrape(server.url)
        finally:
            await asyncio.to_thread(server.stop)
    assert endpoint.asked[-1].body["max_tokens"] == TOKENS_MAX
    assert done["status"] == "length"
    assert len(done["text"]) <= TOKENS_MAX * CHARS_PER_TOKEN_MAX + len(WORDS)
    assert counted['voice_server_limit_hits_total{limit="llm_text"}'] == 1
