"""The C library itself: what is installed, buffers as they are made, and how it is stopped."""

import sys

import pytest

from audio import Samples
from models.errors import ModelError
from models.tts import espeak, espeak_library
from models.tts.espeak_library import BUFFER_MS, RATE, EspeakLibrary, WordEvent

pytestmark = pytest.mark.engine

Heard = list[tuple[int, list[WordEvent]]]


def heard(text: str, voice: str = "gmw/en-US", buffers_max: int = 10_000) -> Heard:
    """Speak in the one thread that may; return the sizes of the buffers and their words."""
    buffers: Heard = []

    def hear(samples: Samples, words: list[WordEvent]) -> bool:
        buffers.append((samples.size, words))
        return len(buffers) < buffers_max

    def speak() -> bool:
        return espeak._library().synthesize(text, voice, 175, hear)

    assert espeak._worker.submit(speak).result()
    return buffers


def test_audio_comes_in_small_buffers() -> None:
    sizes = [size for size, _ in heard("This is a sentence of eight short words.")]
    assert max(sizes) <= RATE * (BUFFER_MS + 5) // 1000
    assert sum(sizes) > RATE


def test_false_ends_the_synthesis_at_once() -> None:
    assert len(heard("This is a sentence of eight short words.", buffers_max=3)) == 3


def test_the_library_speaks_again_after_it_was_stopped() -> None:
    heard("This is stopped.", buffers_max=1)
    words = [word for _, words in heard("This is not.") for word in words]
    assert [word.char for word in words] == [0, 5, 8]


def test_words_are_counted_in_characters_and_samples() -> None:
    buffers = heard("Ärger 😀 Übung", "gmw/de")
    words = [word for _, words in buffers for word in words]
    assert {0: 5, 6: 1, 8: 5}.items() <= {word.char: word.length for word in words}.items()
    samples_before = 0
    for size, begun in buffers:
        assert all(0 <= word.sample - samples_before <= 2 * size for word in begun)
        samples_before += size


def test_a_voice_file_that_is_not_there() -> None:
    def speak() -> bool:
        return espeak._library().synthesize("a", "gmw/nowhere", 175, lambda *_: True)

    assert espeak._worker.submit(speak).result() is False


def test_what_is_installed() -> None:
    library = espeak._worker.submit(espeak._library).result()
    voices = espeak._worker.submit(library.voices).result()
    variants = espeak._worker.submit(library.variants).result()
    assert len(voices) > 100
    german = next(voice for voice in voices if voice.identifier == "gmw/de")
    assert german.name == "German"
    assert [tag for _, tag in german.languages] == ["de"]
    assert "!v/f3" in {variant.identifier for variant in variants}


def test_no_library_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    monkeypatch.setattr(espeak_library, "_SYSTEM_LIBRARY", "libespeak-ng-is-not-here.so")
    with pytest.raises(ModelError, match="pip install espeakng-loader"):
        EspeakLibrary()
