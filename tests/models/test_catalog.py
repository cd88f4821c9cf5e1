"""The catalogue: every entry complete, every name found, every typo answered."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalog import (
    BUNDLED,
    VOICE_REPO,
    AsrModel,
    LlmModel,
    VoiceModel,
    all_models,
    any_model,
    asr_model,
    asr_models,
    llm_models,
    name_of,
    near_names,
    voice_model,
    voice_models,
)
from models.errors import ModelError

pytestmark = pytest.mark.pure


def test_every_recogniser_is_described() -> None:
    for name, model in asr_models().items():
        assert model.name == name
        assert (model.repo is None) == (name == BUNDLED)
        assert model.size_mb is not None
        assert model.size_mb > 0
        assert model.window in ("short", "margin")
        assert model.licence
        assert model.languages == ("en",) or model.languages == ("*",)
        assert (".en" in name) <= (model.languages == ("en",))


def test_only_the_bundled_one_hears_short_windows() -> None:
    assert [name for name, model in asr_models().items() if model.window == "short"] == [BUNDLED]


def test_every_voice_is_described() -> None:
    assert len(voice_models()) >= 12
    for voice_id, voice in voice_models().items():
        assert voice.id == voice_id
        assert voice.rate in (16_000, 22_050)
        assert voice.size_mb is not None
        assert voice.licence
        assert voice.path.endswith(f"/{voice_id}.onnx")


def test_voices_lie_where_the_repository_keeps_them() -> None:
    voice = voice_model("en_US-ljspeech-medium")
    assert VOICE_REPO == "rhasspy/piper-voices"
    assert voice.path == "en/en_US/ljspeech/medium/en_US-ljspeech-medium.onnx"
    assert (voice.language, voice.quality) == ("en-US", "medium")


def test_voices_beyond_the_catalogue_are_known_by_their_form() -> None:
    voice = voice_model("sr_RS-serbski_institut-x_low")
    assert voice.path == "sr/sr_RS/serbski_institut/x_low/sr_RS-serbski_institut-x_low.onnx"
    assert voice.rate is None
    assert voice.licence == "see its MODEL_CARD"


def test_a_repository_is_a_recogniser_too() -> None:
    model = asr_model("someone/whisper-of-mine")
    assert model.repo == "someone/whisper-of-mine"
    assert model.window == "margin", "safe for any Whisper"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("smal", "Did you mean small"), ("large-v3-trubo", "large-v3-turbo"), ("zzz", "There are: ")],
)
def test_a_mistyped_recogniser_is_answered_with_near_names(name: str, hint: str) -> None:
    with pytest.raises(ModelError) as refused:
        asr_model(name)
    assert repr(name) in str(refused.value)
    assert hint in str(refused.value)


@pytest.mark.parametrize(
    ("voice_id", "hint"),
    [("en-US-lessac-medium", "en_US-lessac-medium"), ("zzz", "There are: ")],
)
def test_a_malformed_voice_is_answered_with_near_names(voice_id: str, hint: str) -> None:
    with pytest.raises(ModelError) as refused:
        voice_model(voice_id)
    assert hint in str(refused.value)


@given(st.text())
def test_any_name_is_a_model_or_a_sentence(name: str) -> None:
    for look_up in (asr_model, voice_model):
        try:
            look_up(name)
        except ModelError as error:
            assert str(error).endswith((".", "?"))


@given(st.text(alphabet="./_-abAB", min_size=1))
def test_no_voice_leads_out_of_its_folder(voice_id: str) -> None:
    try:
        path = voice_model(voice_id).path
    except ModelError:
        return
    assert ".." not in path.split("/")


def test_a_language_is_spoken_or_not() -> None:
    assert asr_model("base").speaks("de")
    assert asr_model("base.en").speaks("en")
    assert asr_model("base.en").speaks(None)
    assert not asr_model("base.en").speaks("de")


def test_some_translate() -> None:
    assert asr_model("base").translates
    assert not asr_model("base.en").translates
    assert not asr_model("large-v3-turbo").translates


def test_every_language_model_is_described_the_smallest_first() -> None:
    sizes = [model.size_mb for model in llm_models().values()]
    assert sizes == sorted(sizes)
    for model in llm_models().values():
        assert "/" in model.repo
        assert model.licence
        assert model.about


def test_any_model_is_found_by_its_name() -> None:
    for name, model in all_models().items():
        assert any_model(name) is model
        assert name_of(model) == name
    assert isinstance(any_model("someone/whisper-ct2"), AsrModel)
    assert isinstance(any_model("is_IS-bui-medium"), VoiceModel)


def test_a_language_model_that_nobody_listed() -> None:
    model = any_model("vllm:Qwen/Qwen3-8B")
    assert isinstance(model, LlmModel)
    assert (model.repo, name_of(model)) == ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B")
    assert any_model("vllm:Qwen/Qwen3-8B-AWQ") is any_model("Qwen/Qwen3-8B-AWQ")


@pytest.mark.parametrize(
    ("look_up", "name", "words"),
    [
        (asr_model, "en_US-amy-medium", "is a voice: it belongs to --tts"),
        (asr_model, "Qwen/Qwen3-8B-AWQ", "belongs to --llm, as vllm:Qwen/Qwen3-8B-AWQ"),
        (voice_model, "tiny", "is a recogniser: it belongs to --asr"),
        (voice_model, "../../etc/passwd", r"give its name, or the path of its \.onnx file"),
    ],
)
def test_a_model_of_another_kind_is_sent_where_it_belongs(
    look_up: Callable[[str], object], name: str, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        look_up(name)


def test_a_typo_is_answered_with_names_of_every_kind() -> None:
    with pytest.raises(ModelError, match=r"No model is called 'smal'\. Did you mean small"):
        any_model("smal")
    assert near_names("en_US-lessak-medium")[0] == "en_US-lessac-medium"
    assert near_names("Qwen/Qwen3-8B")[0] == "Qwen/Qwen3-8B-AWQ"
