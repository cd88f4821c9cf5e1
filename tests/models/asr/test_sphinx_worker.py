"""The decoder process from the inside: streams, finals and its little protocol."""

import io
import json

import numpy as np
import pytest

from models.asr.sphinx_worker import RESEED_BYTES, Hearing, serve
from tests.support.clips import load_clip

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def hearing() -> Hearing:
    return Hearing()


@pytest.fixture(scope="module")
def audio() -> bytes:
    noise = np.random.default_rng(0).normal(0, 98, 100_000)
    speech = load_clip("question")
    return (speech + noise[: len(speech)]).astype("<i2").tobytes()


def test_a_stream_grows_and_begins_anew(hearing: Hearing, audio: bytes) -> None:
    half = RESEED_BYTES[0] // 2
    hearing.stream(audio[:half], begin=True)
    whole = hearing.stream(audio[half:], begin=False)
    assert whole
    assert hearing.stream(b"", begin=False) == whole
    assert hearing.stream(b"\0\0" * 4000, begin=True) == []


def test_a_final_does_not_depend_on_what_was_heard_before(hearing: Hearing, audio: bytes) -> None:
    first = hearing.final(audio)
    hearing.stream(audio, begin=True)
    second = hearing.final(audio)
    assert [word for word, *_ in first] == [word for word, *_ in second]
    assert "what" in [word for word, *_ in first]
    for _, start_ms, end_ms, probability in first:
        assert 0 <= start_ms < end_ms <= len(audio) // 32 + 10
        assert 0 <= probability <= 1


def test_answers_one_line_for_each_request(audio: bytes) -> None:
    requests = io.BytesIO()
    for head in (
        {"do": "stream", "begin": True, "bytes": len(audio)},
        {"do": "final", "begin": False, "bytes": len(audio)},
    ):
        requests.write(json.dumps(head).encode() + b"\n" + audio)
    requests.seek(0)
    answers = io.BytesIO()
    serve(requests, answers)
    ready, streamed, final = (json.loads(line) for line in answers.getvalue().splitlines())
    assert ready == []
    assert streamed
    assert final
