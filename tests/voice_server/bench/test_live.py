"""The live bench measures what a caller notices; here on the scripted engines, for a moment."""

import os

import pytest

from voice_server.bench.live import (
    Turn,
    ask,
    cpu_seconds,
    listen,
    question,
    resident_bytes,
    server,
    summary,
)

pytestmark = pytest.mark.socket

SCRIPTED = ("--asr", "scripted", "--llm", "scripted", "--tts", "scripted")


async def test_a_caller_notes_words_and_sound_in_their_order() -> None:
    with server(SCRIPTED) as (url, pid):
        turn = await ask(url, "What time is it?")
        cost = await listen(url, pid, sessions=2, seconds=0.5)
    assert turn.partial_s is not None
    assert turn.final_s is not None
    assert turn.audio_s is not None
    assert turn.final_s <= turn.audio_s
    assert sum(v for k, v in turn.ledger.items() if not k.startswith("eos")) == pytest.approx(
        turn.ledger["eos_to_first_audio_ms"], abs=1
    )
    assert all(value >= 0 for name, value in cost.items() if name.startswith("CPU"))
    assert pid > 0


def test_a_question_says_when_it_begins_and_ends() -> None:
    samples, begin, end = question("What time is it?")
    assert 0.5 <= begin < end < len(samples) / 16_000
    assert abs(int(samples[int(begin * 16_000)])) > 300


def test_a_server_that_cannot_start_is_named() -> None:
    with pytest.raises(RuntimeError, match="did not start"), server(("--asr", "nonsense")):
        pass


def test_what_never_arrived_is_left_out() -> None:
    turns = [Turn(partial_s=0.3, audio_s=0.2), Turn(partial_s=0.5)]
    assert summary(turns) == {
        "speech begins → first words": (400.0, 500.0),
        "speech ends → first sound": (200.0, 200.0),
    }


def test_a_process_is_asked_for_its_cpu_and_memory() -> None:
    assert cpu_seconds(os.getpid()) > 0
    assert resident_bytes(os.getpid()) > 1_000_000
