"""Transcription forms and answers, checked with the types of OpenAI's own client."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.audio import (
    Transcription,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
)

from models.asr import RecognitionOptions, Word
from models.llm.sse import EventStream
from voice_server.recordings.subtitles import Passage
from voice_server.wires.openai_errors import ApiError
from voice_server.wires.openai_transcription import (
    PROMPT_CHARS_MAX,
    Format,
    TranscriptionRequest,
    delta,
    done,
    parse,
    render,
)

pytestmark = pytest.mark.pure

PASSAGES = [
    Passage(
        310, 900, "Guten Tag.", (Word("Guten", 310, 600, 0.9), Word("Tag.", 600, 900, 0.8)), "de"
    ),
    Passage(2000, 2500, "Ja.", (Word("Ja.", 2000, 2500, 0.5),), "de", 0.5),
]


def request(format: Format, *granularities: str) -> TranscriptionRequest:
    return TranscriptionRequest(format=format, granularities=frozenset(granularities))


def document(format: Format, *granularities: str) -> dict[str, Any]:
    answer = json.loads(render(request(format, *granularities), PASSAGES, 3.2))
    assert isinstance(answer, dict)
    return answer


def test_an_empty_form_asks_for_json() -> None:
    assert parse([], "transcribe") == TranscriptionRequest()


def test_all_that_can_be_asked_for() -> None:
    asked = parse(
        [
            ("model", "whisper-1"),
            ("language", "de"),
            ("prompt", "Wien"),
            ("keywords[]", "Grüß Gott"),
            ("keywords[]", "Servus"),
            ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "word"),
            ("timestamp_granularities[]", "segment"),
            ("temperature", "0.2"),
            ("chunking_strategy", "auto"),
            ("a field of tomorrow", "whatever"),
        ],
        "translate",
        languages=frozenset({"de", "en"}),
    )
    assert asked == TranscriptionRequest(
        task="translate",
        model="whisper-1",
        format="verbose_json",
        granularities=frozenset({"word", "segment"}),
        options=RecognitionOptions("de", "Wien", ("Grüß Gott", "Servus"), translate=True),
    )


def test_of_a_long_prompt_the_end_counts() -> None:
    prompt = parse([("prompt", "x" * 5000 + "Wien")], "transcribe").options.prompt
    assert len(prompt) == PROMPT_CHARS_MAX
    assert prompt.endswith("Wien")


def test_names_of_lists_need_no_brackets() -> None:
    assert parse([("timestamp_granularities", "word")], "transcribe").granularities == {"word"}


@pytest.mark.parametrize(
    ("fields", "language"),
    [
        ([], "en"),
        ([("language", "de-AT")], "de-AT"),
        ([("languages[]", "de")], "de"),
        ([("languages[]", "de"), ("languages[]", "fr")], "en"),
    ],
)
def test_the_language_is_the_forms_or_the_servers(
    fields: list[tuple[str, str]], language: str
) -> None:
    assert parse(fields, "transcribe", language="en").options.language == language


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("response_format", "pdf", "no format 'pdf'; there are json, text"),
        ("response_format", "diarized_json", "cannot tell speakers apart"),
        ("stream", "maybe", "stream is true or false"),
        ("temperature", "hot", "a number from 0 to 1"),
        ("temperature", "1.5", "a number from 0 to 1"),
        ("temperature", "nan", "a number from 0 to 1"),
        ("timestamp_granularities", "letter", "not of 'letter'"),
        ("include", "logprobs", "not available"),
        ("keywords", "x" * 2001, "more than 2000 characters together"),
        ("language", "fr", "does not know the language 'fr': use en"),
    ],
)
def test_what_cannot_be_had_is_named(name: str, value: str, says: str) -> None:
    with pytest.raises(ApiError, match=says) as caught:
        parse([(name, value)], "transcribe", languages=frozenset({"en"}))
    assert (caught.value.status, caught.value.param) == (400, name)


@pytest.mark.parametrize("format", ["srt", "vtt", "verbose_json"])
def test_times_are_not_streamed(format: str) -> None:
    with pytest.raises(ApiError, match="stream works with json and text"):
        parse([("stream", "true"), ("response_format", format)], "transcribe")


@given(st.lists(st.tuples(st.text(), st.text())))
def test_any_form_is_understood_or_explained(fields: list[tuple[str, str]]) -> None:
    try:
        parse(fields, "transcribe")
    except ApiError as error:
        assert error.status == 400


def test_json() -> None:
    answer = Transcription.model_validate(document("json"), strict=True)
    assert answer.text == "Guten Tag. Ja."
    assert answer.usage is not None
    assert answer.usage.to_dict() == {"type": "duration", "seconds": 4}


def test_text() -> None:
    assert render(request("text"), PASSAGES, 3.2) == "Guten Tag. Ja.\n"
    assert render(request("text"), [], 3.2) == "\n"


def test_subtitles() -> None:
    assert render(request("srt"), PASSAGES, 3.2).startswith("1\n00:00:00,310 --> ")
    assert render(request("vtt"), PASSAGES, 3.2).startswith("WEBVTT\n\n00:00:00.310 --> ")


def test_verbose_json_has_what_the_clients_types_require() -> None:
    answer = TranscriptionVerbose.model_validate(document("verbose_json", "segment", "word"))
    assert (answer.language, answer.duration) == ("german", 3.2)
    assert answer.segments is not None
    assert [(s.id, s.start, s.end, s.text) for s in answer.segments] == [
        (0, 0.31, 0.9, "Guten Tag."),
        (1, 2.0, 2.5, "Ja."),
    ]
    assert answer.segments[0].avg_logprob == 0
    assert answer.segments[1].avg_logprob == pytest.approx(-0.693, abs=0.001)
    assert answer.words is not None
    assert [(w.word, w.start) for w in answer.words] == [("Guten", 0.31), ("Tag.", 0.6), ("Ja.", 2)]


def test_verbose_json_has_the_times_that_were_asked_for() -> None:
    assert "words" not in document("verbose_json", "segment")
    assert "segments" not in document("verbose_json", "word")


def test_silence_is_a_verbose_nothing() -> None:
    answer = json.loads(render(request("verbose_json", "segment"), [], 1.0))
    assert (answer["text"], answer["segments"], answer["language"]) == ("", [], "english")


def test_a_translation_is_english() -> None:
    asked = TranscriptionRequest(task="translate", format="verbose_json")
    answer = json.loads(render(asked, PASSAGES, 3.2))
    assert (answer["task"], answer["language"]) == ("translate", "english")


def test_deltas_add_up_to_the_text() -> None:
    stream = b"".join(delta(one, first=n == 0) for n, one in enumerate(PASSAGES)) + done(PASSAGES)
    *deltas, last, end = EventStream().feed(stream)
    texts = [TranscriptionTextDeltaEvent.model_validate_json(data).delta for data in deltas]
    assert "".join(texts) == TranscriptionTextDoneEvent.model_validate_json(last).text
    assert end == "[DONE]"
