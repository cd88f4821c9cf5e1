"""One blocking decode: prompts, second tries, word times, and threads side by side."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio import Samples
from models.asr import RecognitionError, RecognitionOptions, Word
from models.asr.decoding import Decoding, Task
from models.asr.whisper_decoder import WhisperDecoder
from models.asr.whisper_loader import load_decoder
from models.asr.whisper_window import WindowKind, WindowPolicy
from tests.support.clips import load_clip
from tests.support.speech import say
from tests.support.tiny_whisper import save_tiny_whisper

pytestmark = pytest.mark.engine

BUNDLED = Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"
TEXT = "Set an alarm for six o'clock."


def load(kind: WindowKind, workers: int = 1, folder: Path = BUNDLED) -> WhisperDecoder:
    return load_decoder(
        str(folder),
        WindowPolicy(kind),
        device="cpu",
        compute_type="int8",
        cpu_threads=1,
        workers=workers,
    )


@pytest.fixture(scope="module")
def short() -> WhisperDecoder:
    return load("short", workers=2)


@pytest.fixture(scope="module")
def margin() -> WhisperDecoder:
    return load("margin")


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> WhisperDecoder:
    return load("margin", folder=save_tiny_whisper(tmp_path_factory.mktemp("whisper")))


def task(
    samples: Samples, *, second_try: bool = False, language: str | None = None, prompt: str = ""
) -> Task:
    return Task(samples, 0, RecognitionOptions(language, prompt), second_try=second_try)


def test_times_count_from_the_beginning_of_the_utterance(short: WhisperDecoder) -> None:
    here = short.decode(Task(say(TEXT), 0, RecognitionOptions())).words
    later = short.decode(Task(say(TEXT), 5000, RecognitionOptions())).words
    assert [word.start_ms + 5000 for word in here] == [word.start_ms for word in later]
    assert [word.text for word in later] == TEXT.split()


def test_a_short_window_is_as_long_as_the_audio(short: WhisperDecoder) -> None:
    audio_ms = len(say(TEXT)) // 16
    assert 0 < short.decode(task(say(TEXT))).window_ms - audio_ms <= 480


def test_almost_no_sound_is_not_decoded(short: WhisperDecoder) -> None:
    click = np.zeros(16_000, np.int16)
    click[8000:9000] = 9000
    decoding = short.decode(task(click))
    assert (decoding.words, decoding.window_ms) == ((), 0)


def test_a_doubtful_result_gets_one_try_in_the_full_window(margin: WhisperDecoder) -> None:
    backwards = load_clip("question")[::-1].copy()
    first = margin.decode(task(backwards))
    again = margin.decode(task(backwards, second_try=True))
    assert first.log_probability < -1
    assert first.window_ms < 30_000
    assert again.log_probability > first.log_probability
    assert again.window_ms == 30_000


def test_a_good_result_is_not_tried_again(margin: WhisperDecoder) -> None:
    assert margin.decode(task(say(TEXT), second_try=True)).window_ms < 30_000


def test_hints_are_given_and_may_be_long(short: WhisperDecoder) -> None:
    hinted = short.decode(task(say(TEXT), prompt="Do you have an alarm clock?"))
    assert [word.text for word in hinted.words] == TEXT.split()
    flooded = short.decode(task(say(TEXT), prompt="Alarm clocks and timers. " * 200))
    assert flooded.window_ms == hinted.window_ms


def decoded(
    decoder: WhisperDecoder, options: RecognitionOptions
) -> tuple[list[list[int]], Sequence[Word]]:
    """Decode once; what CTranslate2's `generate` was given, and what came of it."""
    given: list[list[int]] = []
    whisper = decoder._model.model

    class Recording:
        def __getattr__(self, name: str) -> Any:
            return getattr(whisper, name)

        def generate(self, encoded: Any, prompts: list[list[int]], **options: Any) -> Any:
            given.extend(prompts)
            return whisper.generate(encoded, prompts, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder._model, "model", Recording())
        return given, decoder.decode(Task(say(TEXT), 0, options)).words


def test_hot_words_stand_before_the_prompt_and_not_in_the_transcript(
    short: WhisperDecoder,
) -> None:
    """The words are those of a kitchen, the sentence is not: nothing may leak."""
    tokenizer = short._tokenizer("en")
    bare, _ = decoded(short, RecognitionOptions())
    options = RecognitionOptions(prompt="The kitchen.", hot_words=("lamp", "brother"))
    expected = [
        tokenizer.sot_prev,
        *tokenizer.encode(" lamp, brother"),
        *tokenizer.encode(" The kitchen."),
        *bare[0],
    ]
    assert bare[0][0] == tokenizer.sot
    given, words = decoded(short, options)
    assert given == [expected]
    assert [word.text for word in words] == TEXT.split()


def test_neither_hot_words_nor_prompt_crowd_the_other_out(short: WhisperDecoder) -> None:
    options = RecognitionOptions(prompt="the " * 500 + "lamp", hot_words=["brother"] * 500)
    (prompt,), _ = decoded(short, options)
    tokenizer = short._tokenizer("en")
    hinted = prompt[1 : prompt.index(tokenizer.sot)]
    assert len(hinted) == 223
    assert tokenizer.decode(hinted[:2]).startswith(" brother")
    assert tokenizer.decode(hinted).endswith("the lamp")


def test_an_unknown_language_is_refused(short: WhisperDecoder) -> None:
    with pytest.raises(RecognitionError, match="English only, not 'fr'"):
        short.decode(task(say(TEXT), language="fr"))


def test_a_multilingual_model_detects_or_obeys(multilingual: WhisperDecoder) -> None:
    clip = load_clip("question")
    assert multilingual.decode(task(clip)).language in multilingual.languages
    for asked, spoken in (("de-AT", "de"), ("ZH", "zh")):
        decoding = multilingual.decode(task(clip, language=asked, prompt="Wien"))
        assert decoding.language == spoken
        assert len(clip) // 16 + 2560 <= decoding.window_ms < 30_000
    with pytest.raises(RecognitionError, match="does not understand 'tlh'"):
        multilingual.decode(task(clip, language="tlh"))


def test_a_conversation_keeps_to_its_languages(multilingual: WhisperDecoder) -> None:
    """Its weights are random, so what it detects is anything; what it may choose from is not."""
    clip = load_clip("question")
    anything = multilingual.decode(task(clip)).language
    allowed = tuple({"de", "fr", "nl"} - {anything})
    options = RecognitionOptions(allowed_languages=allowed)
    assert multilingual.decode(Task(clip, 0, options)).language in allowed
    options = RecognitionOptions(allowed_languages=allowed, usual_language=allowed[-1])
    assert multilingual.decode(Task(clip, 0, options)).language == allowed[-1]


def test_speakers_of_different_languages_share_a_call(multilingual: WhisperDecoder) -> None:
    clip = load_clip("question")
    alone = [multilingual.decode(task(clip, language=tag)) for tag in ("de", "fr")]
    together = multilingual.decode_all(
        [task(clip, language=tag) for tag in ("de", "fr")] + [task(clip)]
    )
    for one, other in zip(alone, together, strict=False):
        assert isinstance(other, Decoding)
        assert one.language == other.language
        assert one.log_probability == pytest.approx(other.log_probability, abs=0.01)


def test_a_batch_hears_what_each_would_hear_alone(short: WhisperDecoder) -> None:
    texts = [TEXT, "The window is open.", "Take me to the station.", "Hello, how are you?"]
    tasks = [task(say(text), second_try=text == TEXT) for text in texts]
    silent = task(np.zeros(16_000, np.int16))
    outcomes = short.decode_all([tasks[0], silent, *tasks[1:]])
    heard = [
        " ".join(word.text for word in outcome.words)
        for outcome in outcomes
        if isinstance(outcome, Decoding)
    ]
    assert heard == [TEXT, "", *texts[1:]]


def test_a_multilingual_model_is_told_to_translate(multilingual: WhisperDecoder) -> None:
    """Its weights are random: that it says something else shows that it was told something else."""
    clip = load_clip("question")
    said, translated = (
        multilingual.decode(Task(clip, 0, RecognitionOptions("de", translate=translate)))
        for translate in (False, True)
    )
    assert said.log_probability != translated.log_probability


def test_threads_do_not_disturb_each_other(short: WhisperDecoder) -> None:
    texts = [TEXT, "The window is open.", "Take me to the station."] * 4
    with ThreadPoolExecutor(2) as threads:
        found = threads.map(short.decode, [task(say(text)) for text in texts])
    assert [" ".join(word.text for word in decoding.words) for decoding in found] == texts
