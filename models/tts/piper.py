"""Speech by Piper: a neural voice, one sentence at a time, with word times from its alignments.

One loaded voice serves every conversation from threads that a queue hands out; onnxruntime
releases the interpreter lock while it works. Piper would scale each sentence to full loudness, so
that a sigh came out as loud as a shout: here the gain is fixed.
"""

import difflib
import functools
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audio import Samples
from models.tts import SpeechChunk, SynthesisError, Voice, WordMark
from models.tts.piper_voice import LoadedVoice, load_voice, onnx_errors
from models.tts.piper_words import Phonemes, first_phonemes, phoneme_starts
from models.tts.speech_text import pieces
from models.tts.synthesis_queue import SynthesisQueue
from models.tts.word_marks import WordTracker, shifted

if TYPE_CHECKING:
    from piper.config import SynthesisConfig

SPEED_MIN, SPEED_MAX = 0.5, 2.0
WORD_CACHE_MAX = 4096
"""Words whose phonemes are remembered."""

_WORD = re.compile(r"\S+")
_FULL_SCALE = 32767.0


class PiperSynthesizer:
    """A `Synthesizer` over one Piper voice with one or many speakers."""

    def __init__(
        self, name: str, voice: LoadedVoice, *, gain: float, queue: SynthesisQueue
    ) -> None:
        self._name = name
        self._voice = voice
        self._gain = gain
        self._queue = queue
        self._phonemes_of_word = functools.lru_cache(WORD_CACHE_MAX)(self._phonemes_alone)

    @classmethod
    def load(
        cls,
        voice_path: Path,
        *,
        queue: SynthesisQueue,
        gain: float = 1.0,
        threads: int = 1,
        device: str = "cpu",
    ) -> "PiperSynthesizer":
        """Load `NAME.onnx` with `NAME.onnx.json` beside it.

        `gain` multiplies every sample alike. Sentences are made where `queue` says, on `threads`
        cores each, or on a GPU if `device` is `cuda`. Raises `ModelError` for a missing
        or damaged file, no Piper, or no GPU.
        """
        voice = load_voice(voice_path, threads=threads, device=device)
        return cls(voice_path.stem, voice, gain=gain, queue=queue)

    @property
    def name(self) -> str:
        """`piper:` and the name of the voice file."""
        return f"piper:{self._name}"

    @property
    def rate(self) -> int:
        """Hertz: 16000 or 22050, as the voice says."""
        return int(self._voice.piper.config.sample_rate)

    @functools.cached_property
    def voices(self) -> Sequence[Voice]:
        """`NAME`, or `NAME#SPEAKER` for each of many speakers; `speak` takes `SPEAKER` too."""
        ids = [f"{self._name}#{speaker}" for speaker in self._voice.speakers] or [self._name]
        return [Voice(voice_id, self._voice.language, f"Piper {voice_id}") for voice_id in ids]

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        """Synthesise one clause, a chunk per sentence. See `Synthesizer.speak`.

        Closing it drops the sentence in work and makes no other.
        """
        manner = self._manner(voice, speed)
        samples_made = 0
        for start_char, piece in pieces(text):
            start_sample = samples_made
            chunks = self._render(piece, manner)
            step = partial(next, chunks, None)
            while chunk := await self._queue.make(step, urgent=urgent and not samples_made):
                yield shifted(chunk, start_char, start_sample)
                samples_made += chunk.samples.size

    async def close(self) -> None:
        """Nothing to release: sentences are made in the queue's places."""

    def _manner(self, voice: str | None, speed: float) -> "SynthesisConfig":
        from piper.config import SynthesisConfig  # noqa: PLC0415

        if not SPEED_MIN <= speed <= SPEED_MAX:
            raise SynthesisError(
                f"speed must lie between {SPEED_MIN} and {SPEED_MAX}, not {speed}."
            )
        length_scale = self._voice.piper.config.length_scale / speed
        return SynthesisConfig(speaker_id=self._speaker(voice), length_scale=length_scale)

    def _speaker(self, voice: str | None) -> int | None:
        """Return the number of `NAME#SPEAKER`, `NAME#3` or `SPEAKER`; None for the default."""
        if voice is None or voice == self._name:
            return None
        speakers = self._voice.speakers
        speaker = voice.removeprefix(f"{self._name}#")
        if speaker in speakers:
            return speakers[speaker]
        for number in speakers.values():
            if speaker == str(number):
                return number
        known = [listed.id for listed in self.voices]
        near = difflib.get_close_matches(voice, known, n=3, cutoff=0.0)
        raise SynthesisError(f"There is no voice {voice[:60]!r}; near it are {', '.join(near)}.")

    def _render(self, piece: str, manner: "SynthesisConfig") -> Iterator[SpeechChunk]:
        """Yield a chunk per sentence; every step is slow and belongs in a worker."""
        sentences = self._phonemes(piece)
        spans = [match.span() for match in _WORD.finditer(piece)]
        begun = first_phonemes(sentences, [self._phonemes_of_word(piece[a:b]) for a, b in spans])
        tracker = WordTracker(piece, exact=self._voice.has_alignments)
        samples_before = 0
        for number, sentence in enumerate(sentences):
            if not any(phoneme.isalnum() for phoneme in sentence):
                continue
            samples, starts = self._speak_sentence(sentence, manner)
            marks: list[WordMark] = []
            for word, phoneme in begun[number].items():
                start_char, end_char = spans[word]
                start_sample = samples_before + starts[phoneme]
                marks += tracker.begin(start_char, end_char - start_char, start_sample)
            samples_before += samples.size
            later = (spans[word][0] for words in begun[number + 1 :] for word in words)
            marks += tracker.finish(samples_before, before_char=next(later, len(piece)))
            yield SpeechChunk(samples, tuple(marks))

    def _speak_sentence(
        self, sentence: Phonemes, manner: "SynthesisConfig"
    ) -> tuple[Samples, list[int]]:
        """Return the audio of a sentence and the sample at which each phoneme begins."""
        piper = self._voice.piper
        ids = piper.phonemes_to_ids(sentence)
        try:
            waveform, durations = piper.phoneme_ids_to_audio(ids, manner, include_alignments=True)
        except onnx_errors() as error:
            raise SynthesisError(f"The voice {self._name} failed: {error}") from error
        samples = np.clip(waveform * self._gain, -1.0, 1.0) * _FULL_SCALE
        if self._voice.has_alignments:
            starts = phoneme_starts(sentence, durations.tolist(), piper.config.phoneme_id_map)
        else:
            starts = [samples.size * index // len(sentence) for index in range(len(sentence))]
        return samples.astype(np.int16), starts

    def _phonemes(self, text: str) -> list[list[str]]:
        """Return phonemes by sentence; `[[`, which Piper would obey, is not read."""
        phonemes: list[list[str]] = self._voice.piper.phonemize(text.replace("[[", "  "))
        return phonemes

    def _phonemes_alone(self, word: str) -> Phonemes:
        return [phoneme for sentence in self._phonemes(word) for phoneme in sentence]
