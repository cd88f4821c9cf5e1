"""`POST /v1/audio/transcriptions` and `/translations`: fields in, documents or events out. Pure.

Source: the OpenAI API reference, "Create transcription", and what its Python client sends: lists
come as `name[]`, everything else as plain fields. Fields that only tune OpenAI's own models are
ignored; those that ask for something this server has not are refused.
"""

import math
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import msgspec

from models.asr import RecognitionOptions
from voice_server.recordings.subtitles import Passage, write
from voice_server.wires.event_stream import DONE, event
from voice_server.wires.language_names import language_name
from voice_server.wires.openai_errors import invalid, unsupported

Format = Literal["json", "text", "srt", "vtt", "verbose_json"]
Task = Literal["transcribe", "translate"]

CONTENT_TYPES: dict[Format, str] = {
    "json": "application/json",
    "text": "text/plain",
    "srt": "text/plain",
    "vtt": "text/vtt",
    "verbose_json": "application/json",
}

PROMPT_CHARS_MAX = 2000
"""More than the 224 tokens of which a recogniser takes notice; of a prompt the end counts."""

_GRANULARITIES = ("segment", "word")
_LOG_PROBABILITY_MIN = -10.0


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """What is asked for, besides the file."""

    task: Task = "transcribe"
    model: str = ""
    """Empty: not named."""
    format: Format = "json"
    stream: bool = False
    granularities: frozenset[str] = frozenset({"segment"})
    """Of `segment` and `word`: what `verbose_json` has times for."""
    options: RecognitionOptions = field(default_factory=RecognitionOptions)


def parse(
    fields: Iterable[tuple[str, str]],
    task: Task,
    *,
    language: str | None = None,
    languages: frozenset[str] = frozenset(),
) -> TranscriptionRequest:
    """Understand the fields of the form. Raises `ApiError`.

    `language` is taken where the form names none; `languages` are the tags that the recogniser
    knows, or empty for any.
    """
    form = _Form(fields)
    format = _format(form)
    stream = form.flag("stream")
    if stream and format not in ("json", "text"):
        raise invalid("stream", f"stream works with json and text, not with {format}.")
    form.number("temperature", 0, 1)
    if "logprobs" in form.all("include"):
        raise unsupported("include", "Log probabilities are not available.")
    return TranscriptionRequest(
        task=task,
        model=form.one("model"),
        format=format,
        stream=stream,
        granularities=_granularities(form),
        options=RecognitionOptions(
            language=_language(form, languages) or language,
            prompt=form.one("prompt")[-PROMPT_CHARS_MAX:],
            hot_words=_keywords(form),
            translate=task == "translate",
        ),
    )


def render(request: TranscriptionRequest, passages: Sequence[Passage], duration_s: float) -> str:
    """The whole answer, in the format that was asked for."""
    match request.format:
        case "json":
            usage = {"type": "duration", "seconds": math.ceil(duration_s)}
            return _json({"text": _text(passages), "usage": usage})
        case "text":
            return f"{_text(passages)}\n"
        case "srt" | "vtt":
            return write(passages, request.format)
        case "verbose_json":
            return _json(_verbose(request, passages, duration_s))


def delta(passage: Passage, *, first: bool) -> bytes:
    """The event for a passage. All deltas in a row are the text of `done`."""
    text = passage.text if first else f" {passage.text}"
    return event({"type": "transcript.text.delta", "delta": text})


def done(passages: Sequence[Passage]) -> bytes:
    """The last event, and the end of the stream."""
    return event({"type": "transcript.text.done", "text": _text(passages)}) + DONE


class _Form:
    """Fields by name, without the brackets that mark lists."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._values: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in fields:
            self._values[name.removesuffix("[]")].append(value)

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def one(self, name: str, default: str = "") -> str:
        """The last value, as HTML forms have it."""
        return self._values[name][-1] if name in self._values else default

    def flag(self, name: str) -> bool:
        value = self.one(name, "false").strip().lower()
        if value not in ("true", "false", "1", "0"):
            raise invalid(name, f"{name} is true or false, not {value[:64]!r}.")
        return value in ("true", "1")

    def number(self, name: str, least: float, most: float) -> None:
        """Check a number that changes nothing here."""
        text = self.one(name, str(least))
        try:
            fits = least <= float(text) <= most
        except ValueError:
            fits = False
        if not fits:
            raise invalid(name, f"{name} is a number from {least} to {most}, not {text[:64]!r}.")


def _format(form: _Form) -> Format:
    asked = form.one("response_format", "json")
    for known in get_args(Format):
        if asked == known:
            return known  # type: ignore[no-any-return]
    if asked == "diarized_json":
        raise unsupported("response_format", "This server cannot tell speakers apart.")
    known = ", ".join(get_args(Format))
    raise invalid("response_format", f"There is no format {asked[:64]!r}; there are {known}.")


def _granularities(form: _Form) -> frozenset[str]:
    asked = frozenset(form.all("timestamp_granularities"))
    if strange := asked - {*_GRANULARITIES}:
        name = min(strange)[:64]
        raise invalid(
            "timestamp_granularities", f"There are times of segment and word, not of {name!r}."
        )
    return asked or frozenset({"segment"})


def _keywords(form: _Form) -> tuple[str, ...]:
    words = tuple(form.all("keywords"))
    if sum(len(word) for word in words) > PROMPT_CHARS_MAX:
        message = f"keywords have more than {PROMPT_CHARS_MAX} characters together."
        raise invalid("keywords", message)
    return words


def _language(form: _Form, known: frozenset[str]) -> str | None:
    """The language that is asked for; a list of one counts, a longer one is detection's task."""
    named = form.one("language")
    listed = form.all("languages")
    asked = named or (listed[0] if len(listed) == 1 else "")
    if asked and known and asked.split("-")[0].lower() not in known:
        some = ", ".join(sorted(known)) if len(known) < 6 else "another one, or none to detect it"
        raise invalid(
            "language", f"The recogniser does not know the language {asked[:64]!r}: use {some}."
        )
    return asked or None


def _text(passages: Sequence[Passage]) -> str:
    return " ".join(passage.text for passage in passages)


def _json(document: Mapping[str, object]) -> str:
    return msgspec.json.encode(document).decode()


def _verbose(
    request: TranscriptionRequest, passages: Sequence[Passage], duration_s: float
) -> dict[str, object]:
    spoken = passages[0].language if passages else request.options.language or "en"
    document: dict[str, object] = {
        "task": request.task,
        "language": language_name("en" if request.task == "translate" else spoken),
        "duration": round(duration_s, 3),
        "text": _text(passages),
        "usage": {"type": "duration", "seconds": math.ceil(duration_s)},
    }
    if "segment" in request.granularities:
        document["segments"] = [_segment(number, one) for number, one in enumerate(passages)]
    if "word" in request.granularities:
        document["words"] = [
            {"word": word.text, "start": word.start_ms / 1000, "end": word.end_ms / 1000}
            for passage in passages
            for word in passage.words
        ]
    return document


def _segment(number: int, passage: Passage) -> dict[str, object]:
    """One passage. Clients' types require every field; what nobody measured is neutral."""
    text = passage.text.encode()
    return {
        "id": number,
        "seek": passage.start_ms // 10,
        "start": passage.start_ms / 1000,
        "end": passage.end_ms / 1000,
        "text": passage.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": max(_LOG_PROBABILITY_MIN, math.log(max(passage.confidence, 1e-9))),
        "compression_ratio": len(text) / len(zlib.compress(text)),
        "no_speech_prob": 0.0,
    }
