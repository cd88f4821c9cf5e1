"""How much a Whisper model is shown, how much it may say, and when what it says is no good.

Whisper was trained on windows of 30 s, and encoding one costs the same for every word. A window
about as long as the audio costs a tenth. Models trained for it take the audio as it is; the others
need silence after it, or they loop (measured for whisper.cpp in its pull request 1855, and by FUTO
for its ACFT fine-tunes). Pure functions; a frame is 10 ms of features.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.asr import Word
from models.asr.agreement import normal

FULL_FRAMES = 3000
"""30 s: what Whisper was trained on, and the most that CTranslate2 accepts."""

WindowKind = Literal["short", "margin"]

_BUCKET_FRAMES = 32
_SHORT_MARGIN_FRAMES = 16
_SHORT_FRAMES_MIN = 64
_MARGIN_FRAMES_MIN = 400
_TOKENS_PER_S = 16
_TOKENS_FREE = 16
_LOOP_REPEATS = 5
_LOOP_WORDS_MAX = 8


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """What one model needs."""

    kind: WindowKind
    margin_ms: int = 2560
    """Silence after the audio, for `kind="margin"`."""

    @property
    def trim_ms(self) -> int:
        """When partials let go of settled audio: short models weaken beyond it, others cost."""
        return 6_000 if self.kind == "short" else 9_000

    @property
    def partial_ms(self) -> int:
        """When partials leave out settled audio, which the final still looks at.

        Less makes words change that were right, more costs time (measured on the bundled model).
        """
        return 3_500

    @property
    def audio_ms_max(self) -> int:
        """The longest audio that is decoded in one piece."""
        return 8_000 if self.kind == "short" else 10 * FULL_FRAMES - self.margin_ms

    def frames(self, audio_frames: int, n_mels: int) -> int:
        """Return the window, in frames, for that much audio."""
        margin = _SHORT_MARGIN_FRAMES if self.kind == "short" else self.margin_ms // 10
        least = _SHORT_FRAMES_MIN if self.kind == "short" else _MARGIN_FRAMES_MIN
        wanted = max(least, audio_frames + margin)
        frames = -(-wanted // _BUCKET_FRAMES) * _BUCKET_FRAMES
        if frames == 2 * n_mels:
            # CTranslate2 tells encoder output from features by this very shape.
            frames += _BUCKET_FRAMES
        return min(frames, FULL_FRAMES)


def tokens_max(audio_ms: int) -> int:
    """Return how many tokens that much speech can be, generously, in any language."""
    return _TOKENS_FREE + _TOKENS_PER_S * audio_ms // 1000


def is_doubtful(words: Sequence[Word], log_probability: float) -> bool:
    """Return True where a decode deserves a second try: a loop, or mostly guesses.

    `log_probability` is the mean over tokens. The thresholds are OpenAI's.
    """
    text = " ".join(word.text for word in words).encode()
    repetitive = len(text) > 2.4 * len(zlib.compress(text))
    return repetitive or log_probability < -1 or len(without_loop(words)) < len(words)


def without_loop(words: Sequence[Word]) -> tuple[Word, ...]:
    """Cut the words after the first round of a phrase that is said five times in a row or more."""
    said = [normal(word.text) for word in words]
    for start in range(len(said)):
        for length in range(1, _LOOP_WORDS_MAX + 1):
            rounds = said[start : start + length * _LOOP_REPEATS]
            if len(rounds) == length * _LOOP_REPEATS and rounds == rounds[:length] * _LOOP_REPEATS:
                return tuple(words[: start + length])
    return tuple(words)
