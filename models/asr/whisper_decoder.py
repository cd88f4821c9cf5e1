"""A Whisper model, and one blocking decode with it: of one task, or of several in one go.

Stands on faster-whisper's parts (its loader, tokenizer and alignment) and on CTranslate2 below
them, but not on `transcribe`, which pads every window to 30 s and retries by sampling: both cost a
conversation what it has least of. Several threads may decode at once: the model has a replica for
each worker, and nothing here but the cache of features is written after loading.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from models.asr import RecognitionError, RecognitionOptions, Word
from models.asr.acoustics import Acoustics, acoustics
from models.asr.decoding import Decoding, Task
from models.asr.guards import doubt
from models.asr.language import choose_language
from models.asr.log_mel import HOP, LogMelCache
from models.asr.second_opinion import SileroJudge, VoiceJudge
from models.asr.whisper_encoder import Encoded, Encoder
from models.asr.whisper_window import (
    FULL_FRAMES,
    WindowPolicy,
    is_doubtful,
    tokens_max,
    without_loop,
)
from models.asr.whisper_words import timed_words

__all__ = ["Decoding", "Task", "WhisperDecoder"]

_POSITIONS = 448
"""How many tokens, prompt included, the decoder has positions for."""
_PROMPT_TOKENS_MAX = _POSITIONS // 2 - 1
_HOT_TOKENS_MAX = _PROMPT_TOKENS_MAX // 2

Outcome = Decoding | RecognitionError


@dataclass(slots=True)
class _Work:
    """A task that is worth decoding, and what is known of it so far."""

    task: Task
    sound: Acoustics
    language: str | None
    hints: tuple[int, ...]
    result: Decoding = field(default_factory=Decoding)
    failure: RecognitionError | None = None

    @property
    def shape(self) -> tuple[int, int, bool]:
        """What has to be equal for two to be decoded together."""
        return len(self.hints), self.task.beam_size, self.task.options.translate


class WhisperDecoder:
    """A loaded model.

    `policy` says which windows it was trained for, `languages` which BCP 47 primary tags it knows;
    `judge` is asked about doubtful results, by default Silero.
    """

    def __init__(
        self, model: WhisperModel, policy: WindowPolicy, judge: VoiceJudge | None = None
    ) -> None:
        self.policy = policy
        self.n_mels = int(model.model.n_mels)
        self.languages = frozenset(str(code) for code in model.supported_languages)
        self._model = model
        self._judge = judge or SileroJudge()
        self.encoder = Encoder(model.model, LogMelCache(model.feature_extractor.mel_filters))
        self._suppressed = get_suppressed_tokens(self._tokenizer("en"), [-1])

    def decode(self, task: Task) -> Decoding:
        """Transcribe `task.samples`, blocking. Raises `RecognitionError`."""
        outcome = self.decode_all([task])[0]
        if isinstance(outcome, RecognitionError):
            raise outcome
        return outcome

    def decode_all(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Transcribe several tasks, blocking: together where their shapes allow it.

        One result for each, in order; a task that cannot be decoded is an error in its place.
        """
        outcomes: list[Outcome] = []
        groups: dict[tuple[int, int, bool], list[_Work]] = defaultdict(list)
        works: dict[int, _Work] = {}
        for place, task in enumerate(tasks):
            try:
                work = self._prepared(task)
            except RecognitionError as error:
                outcomes.append(error)
                continue
            outcomes.append(Decoding(language=work.language or "en", stamp=task.stamp))
            if work.sound.audible:
                works[place] = work
                groups[work.shape].append(work)
        for group in groups.values():
            self._attempt_all(group)
        for place, work in works.items():
            outcomes[place] = work.failure or _believed(work)
        return outcomes

    def _prepared(self, task: Task) -> _Work:
        language = self._asked_language(task.options)
        sound = acoustics(task.samples)
        return _Work(task, sound, language, self._hints(task.options))

    def _asked_language(self, options: RecognitionOptions) -> str | None:
        multilingual = self._model.model.is_multilingual
        if options.language is None:
            return None if multilingual else "en"
        language = options.language.split("-")[0].lower()
        if language not in self.languages:
            raise RecognitionError(
                f"This model does not understand {options.language!r}; leave the language out and"
                " it is detected."
                if multilingual
                else f"This model understands English only, not {options.language!r}: load a"
                " multilingual model."
            )
        return language

    def _attempt_all(self, works: Sequence[_Work]) -> None:
        """Decode works of one shape; where the engine refuses a batch, each gets a try alone."""
        try:
            self._attempt(works, full=False)
            for work in works:
                self._try_again(work)
        except (RuntimeError, ValueError) as error:
            if len(works) == 1:
                works[0].failure = RecognitionError(f"The recogniser failed: {error}")
                return
            for work in works:
                self._attempt_all([work])

    def _try_again(self, work: _Work) -> None:
        """One more look in the window that every Whisper was trained for."""
        first = work.result
        doubtful = is_doubtful(first.words, first.log_probability)
        if not (work.task.second_try and doubtful) or self.policy.kind == "short":
            return
        self._attempt([work], full=True)
        work.result = max(first, work.result, key=_quality)

    def _attempt(self, works: Sequence[_Work], *, full: bool) -> None:
        """Decode works of one shape, each into its `result`."""
        audio_frames = max(len(work.task.samples) for work in works) // HOP
        frames = FULL_FRAMES if full else self.policy.frames(audio_frames, self.n_mels)
        neutral = self.policy.kind == "short"
        encoded = self.encoder.encode([w.task for w in works], frames, neutral_padding=neutral)
        self._detect(works, encoded)
        rows: dict[str, list[int]] = defaultdict(list)
        for row, work in enumerate(works):
            rows[work.language or "en"].append(row)
        for language, chosen in rows.items():
            part = encoded.rows(chosen)
            self._generate([works[row] for row in chosen], part, language, frames)

    def _detect(self, works: Sequence[_Work], encoded: Encoded) -> None:
        unknown = [row for row, work in enumerate(works) if work.language is None]
        if not unknown:
            return
        found = self._model.model.detect_language(encoded.rows(unknown).view)
        for row, tokens in zip(unknown, found, strict=True):
            work, options = works[row], works[row].task.options
            work.language = choose_language(
                [(str(token)[2:-2], float(probability)) for token, probability in tokens],
                allowed=options.allowed_languages,
                usual=options.usual_language,
                speech_ms=work.sound.speech_ms,
            )

    def _generate(
        self, works: Sequence[_Work], encoded: Encoded, language: str, frames: int
    ) -> None:
        tokenizer = self._tokenizer(language, translate=works[0].task.options.translate)
        prompts = [[*w.hints, *tokenizer.sot_sequence, tokenizer.no_timestamps] for w in works]
        longest = max(tokens_max(work.task.audio_ms) for work in works)
        results = self._model.model.generate(
            encoded.view,
            prompts,
            beam_size=works[0].task.beam_size,
            max_length=min(_POSITIONS, len(prompts[0]) + longest),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
        )
        said = [[t for t in r.sequences_ids[0] if t < tokenizer.eot] for r in results]
        aligned = self._aligned(works, encoded, tokenizer, said)
        for work, result, tokens, words in zip(works, results, said, aligned, strict=True):
            # CTranslate2 divides the sum by the number of text tokens, OpenAI counts the last one.
            score = float(result.scores[0]) * len(tokens) / (len(tokens) + 1)
            unbelieved = doubt(
                without_loop(words),
                language,
                work.sound,
                no_speech=float(result.no_speech_prob),
                log_probability=score,
                voice=partial(self._judge.likelihood, work.task.samples),
            )
            work.result = Decoding(
                words, language, score, frames * 10, unbelieved, stamp=work.task.stamp
            )

    def _aligned(
        self,
        works: Sequence[_Work],
        encoded: Encoded,
        tokenizer: Tokenizer,
        said: Sequence[Sequence[int]],
    ) -> list[tuple[Word, ...]]:
        """Return the words of each row with their times; a row that says nothing has none."""
        if not any(said):
            return [()] * len(works)
        # Every row has to have a token for the batch to be one call.
        filler = tokenizer.encode(".")[:1]
        found = self._model.find_alignment(
            tokenizer,
            [list(tokens) or filler for tokens in said],
            encoded.view,
            [work.task.audio_ms // 10 for work in works],
        )
        return [
            timed_words(parts, work.task, tokenizer.language_code) if tokens else ()
            for parts, work, tokens in zip(found, works, said, strict=True)
        ]

    def _tokenizer(self, language: str, *, translate: bool = False) -> Tokenizer:
        multilingual = self._model.model.is_multilingual
        job = "translate" if translate and multilingual else "transcribe"
        return Tokenizer(self._model.hf_tokenizer, multilingual, task=job, language=language)

    def _hints(self, options: RecognitionOptions) -> tuple[int, ...]:
        """Stand where Whisper was trained to find what was said before (Radford et al. 2022, 2.3).

        Hot words come first, as in faster-whisper, and the end of the prompt takes what is left.
        """
        tokenizer = self._tokenizer("en")
        hot, prompt = ", ".join(options.hot_words).strip(), options.prompt.strip()
        tokens = tokenizer.encode(f" {hot}")[:_HOT_TOKENS_MAX] if hot else []
        if prompt:
            tokens += tokenizer.encode(f" {prompt}")[len(tokens) - _PROMPT_TOKENS_MAX :]
        return (tokenizer.sot_prev, *tokens) if tokens else ()


def _quality(decoding: Decoding) -> tuple[bool, float]:
    looped = len(without_loop(decoding.words)) < len(decoding.words)
    return not looped, decoding.log_probability


def _believed(work: _Work) -> Decoding:
    """The result without the words that nobody said."""
    words = () if work.result.doubt else without_loop(work.result.words)
    return replace(work.result, words=words)
