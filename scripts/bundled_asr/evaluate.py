"""Word error rates through faster-whisper itself, on sentences that training never heard.

Three sets: new sentences of known templates, the project's golden test sentences, and everyday
sentences unlike any template. All in espeak-ng's default voice, decoded greedily. The golden ones
were chosen because the published weights get them right: they flatter those, and only those.
"""

from collections.abc import Sequence
from pathlib import Path

from faster_whisper import WhisperModel

from . import sentences
from .plan import Plan
from .speech import DEFAULT_VOICE, Espeak

HELD_OUT_SEED = 99


def evaluate(model_folder: Path, plan: Plan) -> dict[str, dict[str, float]]:
    """The word error rate and the share of perfect sentences of each set; prints them."""
    model = WhisperModel(str(model_folder), device="cpu", compute_type="int8", cpu_threads=1)
    sets = {
        "held-out templates": sentences.held_out(HELD_OUT_SEED, plan.evaluated),
        "golden": sentences.listed("golden")[: plan.evaluated],
        "everyday": sentences.listed("everyday")[: plan.evaluated],
    }
    espeak = Espeak()
    espeak.use(DEFAULT_VOICE)
    return {name: measure(name, texts, model, espeak) for name, texts in sets.items()}


def measure(
    name: str, texts: Sequence[str], model: WhisperModel, espeak: Espeak
) -> dict[str, float]:
    """Speak, transcribe and count one set."""
    errors, words, perfect = 0, 0, 0
    for text in texts:
        said = sentences.normalised(text)
        heard = sentences.normalised(transcribe(model, espeak, text))
        wrong = edit_distance(said, heard)
        errors, words, perfect = errors + wrong, words + len(said), perfect + (wrong == 0)
    result = {
        "sentences": len(texts),
        "word_error_rate": round(errors / words, 4),
        "perfect": round(perfect / len(texts), 4),
    }
    print(f"  {name}: {result}", flush=True)
    return result


def transcribe(model: WhisperModel, espeak: Espeak, text: str) -> str:
    """What the model makes of espeak-ng's voice."""
    segments, _ = model.transcribe(
        espeak.say(text).audio,
        beam_size=1,
        temperature=0.0,
        without_timestamps=True,
        condition_on_previous_text=False,
    )
    return " ".join(segment.text for segment in segments)


def edit_distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words to insert, delete or replace (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for deleted, word in enumerate(said, start=1):
        diagonal, row[0] = row[0], deleted
        for column, other in enumerate(heard, start=1):
            step = min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
            diagonal, row[column] = row[column], step
    return row[-1]
