"""Requests to speak: whole ones, streams, and the copy within a stream that means nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.event import Event
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeVoice,
)

from voice_server.wires.wyoming.speech import (
    TEXT_CHARS_MAX,
    AllSaid,
    Say,
    SpeechRequests,
    voice_of,
)

pytestmark = pytest.mark.pure

AMY = SynthesizeVoice(name="amy")
TEXT = "Turn on the light. Then go to bed, please."


def test_a_whole_text_is_spoken_at_once() -> None:
    assert SpeechRequests().take(Synthesize(TEXT, AMY).event()) == [Say(TEXT, AMY)]


@given(st.integers(1, 20))
def test_pieces_are_spoken_clause_by_clause_and_the_copy_is_left_out(step: int) -> None:
    requests = SpeechRequests()
    said = requests.take(SynthesizeStart(AMY).event())
    for start in range(0, len(TEXT), step):
        said += requests.take(SynthesizeChunk(TEXT[start : start + step]).event())
    assert requests.take(Synthesize(TEXT).event()) == []
    said += requests.take(SynthesizeStop().event())
    assert said[-1] == AllSaid()
    clauses = [one for one in said if isinstance(one, Say)]
    assert len(clauses) > 1
    assert " ".join(clause.text for clause in clauses).split() == TEXT.split()
    assert all(clause.voice == AMY for clause in clauses)
    assert requests.take(Synthesize(TEXT).event()) == [Say(TEXT)], "the stream is over"


def test_pieces_of_no_stream_mean_nothing() -> None:
    requests = SpeechRequests()
    assert requests.take(SynthesizeChunk("Hi.").event()) == []
    assert requests.take(SynthesizeStop().event()) == []


def test_no_text_is_endless() -> None:
    requests = SpeechRequests()
    with pytest.raises(ValueError, match="at most"):
        requests.take(Synthesize("x" * (TEXT_CHARS_MAX + 1)).event())
    requests.take(SynthesizeStart().event())
    with pytest.raises(ValueError, match="at most"):
        for _ in range(TEXT_CHARS_MAX):
            requests.take(SynthesizeChunk("xx").event())


def test_what_concerns_it() -> None:
    assert SpeechRequests.concerns(Synthesize("x").event())
    assert not SpeechRequests.concerns(Event("describe"))


KNOWN = [("amy", "en-US"), ("alan", "en-GB"), ("thorsten", "de-DE")]


@pytest.mark.parametrize(
    ("asked", "voice"),
    [
        (None, None),
        (SynthesizeVoice(), None),
        (SynthesizeVoice(name="alan"), "alan"),
        (SynthesizeVoice(name="nobody"), None),
        (SynthesizeVoice(name="nobody", language="de"), "thorsten"),
        (SynthesizeVoice(language="en_GB"), "alan"),
        (SynthesizeVoice(language="en"), "amy"),
        (SynthesizeVoice(language="fr"), None),
    ],
)
def test_a_voice_is_found_by_name_or_language(
    asked: SynthesizeVoice | None, voice: str | None
) -> None:
    assert voice_of(asked, KNOWN) == voice
