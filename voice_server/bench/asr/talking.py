"""People who talk to a real server at their own pace, and what it showed them, and when."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from voice_server.bench.asr.captions import Score, captions, score
from voice_server.bench.asr.speech import Spoken
from voice_server.bench.asr.subjects import Subject
from voice_server.bench.live import server
from voice_server.bench.load.null_tier import port_of, ramp_s, run_valid, spacious
from voice_server.bench.load.orders import Block, Order
from voice_server.bench.load.schedule import Arrivals
from voice_server.bench.load.talk import packed, script

HELLO = json.dumps(
    {
        "type": "hello",
        "mode": "transcription",
        "audio": {"framing": "raw", "input": {"codec": "pcm_s16le", "rate": 16_000}},
        "features": ["partials"],
    }
)
FIXED = ("--set", "turn.endpoint=fixed", "--set", "turn.silence_ms=200")
"""So that words are not waited for that may follow: for models whose words are nonsense, and where
the load is measured."""
LATE_MS_MAX = 20.0
"""Delays of hundreds of milliseconds are judged, and count from the schedule: what the generator
loses is added to them."""
ENGINES = ("--offline", "--llm", "scripted", "--tts", "scripted")


@dataclass(frozen=True, slots=True)
class Talk:
    """How people talk."""

    speeches: Sequence[Spoken]
    seconds: float = 20.0
    arrivals: Arrivals = "poisson"
    seed: int = 1
    workers: int = 1
    """Of the recogniser."""
    fixed: bool = False
    """Turns end after 200 ms of silence, whatever the words promise."""
    attempts: int = 3
    """Runs of a block whose generator was late."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of it."""

    talkers: int
    scores: list[Score]
    cpu_per_speech_s: float
    """Of the whole server, per second of speech."""
    void: str | None


def talk_to(subject: Subject, talkers: int, talk: Talk) -> Heard:
    """So many talk to a server of their own. Raises `RuntimeError` if it does not start."""
    workers = ("--set", f"asr.workers={talk.workers}")
    endpoint = FIXED if talk.fixed or not subject.understands else ()
    options = (*ENGINES, "--asr", subject.asr, *workers, *endpoint, *spacious(talkers))
    with server(options) as (url, pid):
        blocks = run_valid(order(port_of(url), pid, talkers, talk), talk.attempts)
    return judged(blocks[-1], talk.speeches)


def order(port: int, pid: int, talkers: int, talk: Talk) -> Order:
    """What the generator is told."""
    return Order(
        port,
        pid,
        path="/v1/voice",
        protocol="voice.v1",
        first=(HELLO,),
        clips=tuple(packed(speech.samples) for speech in talk.speeches),
        talkers=talkers,
        sessions=talkers,
        arrivals=talk.arrivals,
        ramp_s=ramp_s(talkers),
        warm_s=0,
        seconds=talk.seconds,
        late_ms_max=LATE_MS_MAX,
        seed=talk.seed,
    )


def judged(block: Block, speeches: Sequence[Spoken]) -> Heard:
    """Scores of everything that was said in a block."""
    scores, speech_s = list[Score](), 0.0
    for session, lines in zip(block.sessions, script(block.order), strict=True):
        speech_s += sum(speeches[said.clip].seconds for said in lines)
        shown = captions(session.texts, lines)
        scores += [
            score(c, said, speeches[said.clip]) for c, said in zip(shown, lines, strict=True)
        ]
    cpu = block.server_cpu_s / speech_s if speech_s else 0.0
    return Heard(block.order.talkers, scores, cpu, block.void)
