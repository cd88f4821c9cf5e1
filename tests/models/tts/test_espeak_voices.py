"""Voice ids: tags, aliases, variants, and sentences for those that do not exist."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tts import SynthesisError
from models.tts.espeak_library import InstalledVoice
from models.tts.espeak_voices import EspeakVoices

pytestmark = pytest.mark.pure

VOICES = EspeakVoices(
    [
        InstalledVoice("gmw/en-029", "English (Caribbean)", ((5, "en-029"), (10, "en"))),
        InstalledVoice("gmw/en", "English (Great Britain)", ((2, "en-gb"), (2, "en"))),
        InstalledVoice("gmw/en-US", "English (America)", ((2, "en-us"), (3, "en"))),
        InstalledVoice("gmw/de", "German", ((5, "de"),)),
        InstalledVoice("sit/yue", "Cantonese", ((5, "yue"), (8, "zh"))),
        InstalledVoice("sit/yue-Latn", "Cantonese, Jyutping", ((5, "yue"),)),
        InstalledVoice("mb/mb-de2", "german-mbrola-2", ((1, "de"),)),
    ],
    [InstalledVoice("!v/f3", "female3", ()), InstalledVoice("!v/Mr serious", "Mr", ())],
)


@pytest.mark.parametrize(
    ("voice_id", "file"),
    [
        ("en-us", "gmw/en-US"),
        ("EN-US", "gmw/en-US"),
        ("de", "gmw/de"),
        ("en", "gmw/en"),
        ("zh", "sit/yue"),
        ("yue", "sit/yue"),
        ("en-us+f3", "gmw/en-US+f3"),
        ("de+mr serious", "gmw/de+Mr serious"),
    ],
)
def test_ids(voice_id: str, file: str) -> None:
    assert VOICES.file_of(voice_id) == file


@pytest.mark.parametrize(
    ("voice_id", "near"),
    [
        ("en-uk", "en-us"),
        ("en-us+f4", "f3"),
        ("en-us+", "f3"),
        ("", "de"),
        ("+", "de"),
        ("../../secret", "de"),
        ("gmw/en", "en"),
        ("!v/f3", "de"),
    ],
)
def test_unknown_ids_are_refused_with_near_ones(voice_id: str, near: str) -> None:
    with pytest.raises(SynthesisError, match="espeak-ng has no") as refused:
        VOICES.file_of(voice_id)
    assert near in str(refused.value).partition("near it are")[2]


@given(st.text(max_size=200))
def test_only_files_that_are_installed_are_named(voice_id: str) -> None:
    try:
        file = VOICES.file_of(voice_id)
    except SynthesisError as error:
        assert len(str(error)) < 600
    else:
        assert file.partition("+")[0] in {"gmw/en-029", "gmw/en", "gmw/en-US", "gmw/de", "sit/yue"}


def test_listing() -> None:
    listed = VOICES.listed(first="en-us")
    assert [voice.id for voice in listed] == ["en-us", "en-029", "en-gb", "de", "yue"]
    assert listed[0].language == "en-us"
    assert listed[0].description == "espeak-ng English (America)"


def test_a_default_outside_the_list_comes_first() -> None:
    first, *rest = VOICES.listed(first="de+f3")
    assert (first.id, first.language) == ("de+f3", "de")
    assert len(rest) == 5
