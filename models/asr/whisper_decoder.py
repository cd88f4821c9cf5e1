"""A Whisper model, and one blocking decode with it.

Stands on faster-whisper's parts (its loader, features, tokenizer and alignment) and on CTranslate2
below them, but not on `transcribe`, which pads every window to 30 s and retries by sampling: both
cost a conversation what it has least of. Several threads may decode at once: the model has a
replica for each worker, and nothing here is written after loading.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from numpy.typing import NDArray

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionError, RecognitionOptions, Word
from models.asr.speech_window import audible_ms, loud_frames, without_pauses
from models.asr.transcripts import NO_SPACES
from models.asr.whisper_window import (
    FULL_FRAMES,
    WindowPolicy,
    is_doubtful,
    is_silence,
    tokens_max,
    without_loop,
)

_AUDIBLE_MS_MIN = 100
_POSITIONS = 448
"""How many tokens, prompt included, the decoder has positions for."""
_PROMPT_TOKENS_MAX = _POSITIONS // 2 - 1
_PREPENDED = frozenset("\"'“¿([{-")
_APPENDED = frozenset("\"'.。,，!！?？:：”)]}、")


@dataclass(frozen=True, slots=True)
class Task:
    """Audio to decode, and how. `start_ms` is where it lies in its utterance."""

    samples: Samples = field(repr=False)
    start_ms: int
    options: RecognitionOptions
    beam_size: int = 1
    second_try: bool = False
    """Decode once more in the full window where the first result is doubtful."""

    @property
    def audio_ms(self) -> int:
        """How much audio that is."""
        return len(self.samples) * 1000 // SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Decoding:
    """What the model heard. Word times are milliseconds since the utterance began."""

    words: tuple[Word, ...] = ()
    language: str = "en"
    log_probability: float = 0.0
    """Mean over tokens."""
    window_ms: int = 0
    """How much the encoder was shown, padding included."""


class WhisperDecoder:
    """A loaded model.

    `policy` says which windows it was trained for, `languages` which BCP 47 primary tags it knows.
    """

    def __init__(self, model: WhisperModel, policy: WindowPolicy) -> None:
        self.policy = policy
        self._model = model
        self._n_mels = int(model.model.n_mels)
        self.languages = frozenset(str(code) for code in model.supported_languages)
        self._suppressed = get_suppressed_tokens(self._tokenizer("en"), [-1])

    def decode(self, task: Task) -> Decoding:
        """Transcribe `task.samples`, blocking. Raises `RecognitionError`."""
        language = self._asked_language(task.options)
        if audible_ms(task.samples) < _AUDIBLE_MS_MIN:
            return Decoding(language=language or "en")
        first = self._attempt(task, language, full=False)
        if not (task.second_try and is_doubtful(first.words, first.log_probability)):
            return _tidy(first)
        if self.policy.kind == "short":
            return _tidy(first)
        second = self._attempt(task, language, full=True)
        return _tidy(max(first, second, key=_quality))

    def _asked_language(self, options: RecognitionOptions) -> str | None:
        if options.language is None:
            return None if self._model.model.is_multilingual else "en"
        language = options.language.split("-")[0].lower()
        if language not in self.languages:
            raise RecognitionError(
                f"This model does not understand {options.language!r}; leave the language out and"
                " it is detected."
                if self._model.model.is_multilingual
                else f"This model understands English only, not {options.language!r}: load a"
                " multilingual model."
            )
        return language

    def _attempt(self, task: Task, language: str | None, *, full: bool) -> Decoding:
        frames, features = self._features(task.samples, full=full)
        encoded = self._model.encode(features)
        if language is None:
            language = str(self._model.model.detect_language(encoded)[0][0][0])[2:-2]
        tokenizer = self._tokenizer(language, translate=task.options.translate)
        prompt = self._prompt(tokenizer, task.options)
        result = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=task.beam_size,
            max_length=min(_POSITIONS, len(prompt) + tokens_max(task.audio_ms)),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
        )[0]
        tokens: list[int] = [t for t in result.sequences_ids[0] if t < tokenizer.eot]
        if not tokens:
            return Decoding(language=language, window_ms=frames * 10)
        score = float(result.scores[0]) * len(tokens) / (len(tokens) + 1)
        if is_silence(float(result.no_speech_prob), score):
            return Decoding(language=language, log_probability=score, window_ms=frames * 10)
        parts = self._model.find_alignment(tokenizer, [tokens], encoded, task.audio_ms // 10)[0]
        words = _words(parts, task, language)
        return Decoding(words, language, score, frames * 10)

    def _features(self, samples: Samples, *, full: bool) -> tuple[int, NDArray[np.float32]]:
        """Return the window in frames and its log-mel features, shape (n_mels, frames)."""
        extractor = self._model.feature_extractor
        audio_frames = len(samples) // extractor.hop_length
        frames = FULL_FRAMES if full else self.policy.frames(audio_frames, self._n_mels)
        signal = samples.astype(np.float32) / 32768
        if self.policy.kind == "margin":
            # Silence has to look as in training: silent audio, not neutral features.
            signal = np.pad(signal, (0, max(0, frames * extractor.hop_length - len(signal))))
        features = extractor(signal)[:, :frames].astype(np.float32)
        return frames, np.pad(features, ((0, 0), (0, frames - features.shape[1])))

    def _tokenizer(self, language: str, *, translate: bool = False) -> Tokenizer:
        multilingual = self._model.model.is_multilingual
        job = "translate" if translate and multilingual else "transcribe"
        return Tokenizer(self._model.hf_tokenizer, multilingual, task=job, language=language)

    def _prompt(self, tokenizer: Tokenizer, options: RecognitionOptions) -> list[int]:
        hints = " ".join([*options.hot_words, options.prompt]).strip()
        before: list[int] = []
        if hints:
            before = [tokenizer.sot_prev, *tokenizer.encode(" " + hints)[-_PROMPT_TOKENS_MAX:]]
        return [*before, *tokenizer.sot_sequence, tokenizer.no_timestamps]


def _words(parts: list[dict[str, Any]], task: Task, language: str) -> tuple[Word, ...]:
    """Alignment gives each pause to a word beside it; the audio tells how much of it is speech."""
    loud = loud_frames(task.samples)
    words = []
    for group in _grouped(parts, spaced=language not in NO_SPACES):
        span_ms = (
            min(task.audio_ms, round(seconds * 1000))
            for seconds in (group[0]["start"], group[-1]["end"])
        )
        start_ms, end_ms = (task.start_ms + at for at in without_pauses(loud, *span_ms))
        text = "".join(part["word"] for part in group).strip()
        words.append(Word(text, start_ms, end_ms, min(float(p["probability"]) for p in group)))
    return tuple(words)


def _grouped(parts: list[dict[str, Any]], *, spaced: bool) -> list[list[dict[str, Any]]]:
    """Put punctuation, and what faster-whisper split as in `o'clock`, with the word it is part of.

    Done here because faster-whisper's own `merge_punctuations` loses the time of what it merges.
    """
    groups: list[list[dict[str, Any]]] = []
    for part in parts:
        text = part["word"]
        joins = text.strip() in _APPENDED or (spaced and not text.startswith(" "))
        if groups and (joins or groups[-1][-1]["word"].strip() in _PREPENDED):
            groups[-1].append(part)
        elif text.strip():
            groups.append([part])
    return groups


def _quality(decoding: Decoding) -> tuple[bool, float]:
    looped = len(without_loop(decoding.words)) < len(decoding.words)
    return not looped, decoding.log_probability


def _tidy(decoding: Decoding) -> Decoding:
    words = without_loop(decoding.words)
    return Decoding(words, decoding.language, decoding.log_probability, decoding.window_ms)
