"""Tasks and results come out of their bytes as they went in."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.asr import RecognitionError, RecognitionOptions, Word
from models.asr.decoding import Decoding, Stamp, Task
from models.asr.whisper_wire import (
    Hello,
    decode_hello,
    decode_outcomes,
    decode_tasks,
    encode_hello,
    encode_outcomes,
    encode_tasks,
)

pytestmark = pytest.mark.pure

STAMPS = st.builds(Stamp, st.text(max_size=9), st.integers(0, 2**53), st.integers(0, 2**31))
OPTIONS = st.builds(
    RecognitionOptions,
    st.none() | st.text(max_size=5),
    st.text(max_size=20),
    st.lists(st.text(max_size=5), max_size=3).map(tuple),
    st.booleans(),
    st.lists(st.text(max_size=3), max_size=3).map(tuple),
    st.none() | st.text(max_size=3),
)


@given(st.binary(max_size=400), st.integers(0, 10**9), OPTIONS, STAMPS, st.booleans())
@settings(max_examples=100)
def test_tasks_arrive_as_they_were_sent(
    audio: bytes, start_ms: int, options: RecognitionOptions, stamp: Stamp, second_try: bool
) -> None:
    samples = np.frombuffer(audio[: len(audio) // 2 * 2], np.int16)
    sent = Task(samples, start_ms, options, 5, second_try, stamp)
    one, two = decode_tasks(encode_tasks([sent, sent]))
    np.testing.assert_array_equal(one.samples, samples)
    assert (one.start_ms, one.beam_size, one.second_try) == (start_ms, 5, second_try)
    assert (one.stamp, tuple(one.options.hot_words)) == (stamp, options.hot_words)
    assert (one.options.language, one.options.prompt) == (options.language, options.prompt)
    assert two.stamp == stamp


@given(st.text(max_size=20), st.floats(0, 1), STAMPS)
@settings(max_examples=100)
def test_results_and_errors_arrive_as_they_were_sent(
    text: str, probability: float, stamp: Stamp
) -> None:
    sent = Decoding((Word(text, 1, 2, probability),), "de", -0.5, 480, "guesses", stamp)
    got, error = decode_outcomes(encode_outcomes([sent, RecognitionError(text)]))
    assert got == sent
    assert isinstance(error, RecognitionError)
    assert str(error) == text


def test_a_worker_says_what_it_loaded_or_why_not() -> None:
    for hello in (Hello(frozenset({"en", "de"}), 80), Hello(error="no such model")):
        assert decode_hello(encode_hello(hello)) == hello


@given(st.binary(max_size=40))
@settings(max_examples=100)
def test_nonsense_is_refused(answer: bytes) -> None:
    try:
        outcomes = decode_outcomes(answer)
    except msgspec.DecodeError:
        return
    assert all(isinstance(outcome, Decoding | RecognitionError) for outcome in outcomes)
