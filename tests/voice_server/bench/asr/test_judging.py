"""The bundled model is right about what it has learned, and writes nothing over noise."""

import pytest
from faster_whisper import WhisperModel

from models.asr.whisper_worker import WorkerOrder, load
from models.hub import bundled_asr
from voice_server.bench.asr.costs import Bench
from voice_server.bench.asr.judging import invented_words, offline_errors
from voice_server.bench.asr.not_speech import NOT_SPEECH
from voice_server.bench.asr.speech import SENTENCES, spoken

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def bench() -> Bench:
    path = str(bundled_asr())
    model = WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=1)
    return Bench(load(WorkerOrder(path, "short", 0)), model)


def test_errors_are_counted_against_what_was_said(bench: Bench) -> None:
    right, wrong = offline_errors(bench, [spoken(SENTENCES[2]), spoken("Qoph zayin tsadi.")])
    assert right == 0
    assert wrong > 0


def test_nothing_is_invented(bench: Bench) -> None:
    assert invented_words(bench.decoder, minutes=0.5) == dict.fromkeys(NOT_SPEECH, 0)
