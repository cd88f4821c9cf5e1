"""Plans: what `auto` takes on which machine, and what asking by name leads to."""

from pathlib import Path

import pytest

from models.catalog import AsrModel
from models.errors import ModelError
from voice_server.engines.plans import Findings, plan_asr, plan_fallbacks, plan_llm, plan_tts
from voice_server.settings import AsrSettings, LlmSettings, TtsSettings

pytestmark = pytest.mark.pure

BOTH = frozenset({"piper", "pocketsphinx"})
NO_HUB = "the hub cannot be reached"
BUNDLED = {"bundled": Path("/assets/bundled-asr")}


def asr(found: Findings, engine: str = "auto", language: str | None = None) -> str:
    """What is chosen, as one line."""
    plan = plan_asr(AsrSettings(engine=engine, language=language), found)
    name = plan.model.name if isinstance(plan.model, AsrModel) else plan.engine
    return f"{name}{' (fetch)' if plan.must_fetch else ''}"


def here(*names: str) -> dict[str, Path]:
    return {**BUNDLED, **{name: Path("/cache") / name for name in names}}


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        (Findings(asr=here("tiny", "small", "medium")), "small"),
        (Findings(asr=here("tiny", "medium"), unreachable=NO_HUB), "tiny"),
        (Findings(asr=here("small", "large-v3-turbo"), gpu=True), "large-v3-turbo"),
        (Findings(asr=here("small"), gpu=True), "small"),
        (Findings(asr=here()), "base (fetch)"),
        (Findings(asr=here(), gpu=True), "large-v3-turbo (fetch)"),
        (Findings(asr=here(), packages=BOTH), "base (fetch)"),
        (Findings(asr=here(), packages=BOTH, unreachable=NO_HUB), "pocketsphinx"),
        (Findings(asr=here(), unreachable=NO_HUB), "bundled"),
    ],
)
def test_auto_takes_the_best_recogniser_within_reach(found: Findings, chosen: str) -> None:
    assert asr(found) == chosen


def test_auto_takes_none_that_does_not_speak_the_language() -> None:
    found = Findings(asr=here("small.en", "tiny"))
    assert asr(found, language="en") == "tiny", "multilingual ones come first"
    assert asr(Findings(asr=here("small.en")), language="de") == "base (fetch)"


def test_reasons_say_what_was_found() -> None:
    found = Findings(asr=here(), packages=BOTH, unreachable=NO_HUB)
    plan = plan_asr(AsrSettings(), found)
    assert plan.reason == f"no Whisper model is on this machine and {NO_HUB}"
    assert "rough" in plan.notice


def test_the_bundled_recogniser_says_that_it_is_deaf_to_people() -> None:
    found = Findings(asr=here(), unreachable=NO_HUB)
    assert "deaf to people" in plan_asr(AsrSettings(), found).notice
    assert "deaf to people" in plan_asr(AsrSettings(engine="bundled"), found).notice


def test_a_recogniser_by_name_is_taken_or_refused() -> None:
    assert asr(Findings(asr=here("medium")), "medium") == "medium"
    assert asr(Findings(asr=here()), "medium") == "medium (fetch)"
    with pytest.raises(ModelError, match=rf"medium \(1530 MB\) is not on this .*{NO_HUB}"):
        asr(Findings(asr=here(), unreachable=NO_HUB), "medium")
    with pytest.raises(ModelError, match="Did you mean medium"):
        asr(Findings(), "mediun")
    with pytest.raises(ModelError, match=r"voice-server\[pocketsphinx\]"):
        asr(Findings(), "pocketsphinx")
    assert asr(Findings(packages=BOTH), "pocketsphinx") == "pocketsphinx"


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    plan = plan_asr(AsrSettings(engine=str(tmp_path)), Findings(unreachable=NO_HUB))
    assert plan.path == tmp_path
    assert not plan.must_fetch
    assert plan_asr(AsrSettings(engine="./missing"), Findings()).path == Path("missing")


def voice(found: Findings, engine: str = "auto") -> str:
    plan = plan_tts(TtsSettings(engine=engine), found)
    name = plan.path.stem if plan.path else getattr(plan.model, "id", plan.engine)
    return f"{name}{' (fetch)' if plan.must_fetch else ''}"


def test_auto_takes_the_best_voice_within_reach() -> None:
    lessac = {"en_US-lessac-medium": Path("/voices/en_US-lessac-medium.onnx")}
    assert voice(Findings(voices=lessac, packages=BOTH)) == "en_US-lessac-medium"
    assert voice(Findings(voices=lessac)) == "espeak", "Piper is not installed"
    assert voice(Findings(packages=BOTH)) == "en_US-ljspeech-medium (fetch)"
    assert voice(Findings(packages=BOTH, unreachable=NO_HUB)) == "espeak"


def test_a_voice_by_name_is_taken_or_refused() -> None:
    assert voice(Findings(packages=BOTH), "de_DE-thorsten-medium").endswith("(fetch)")
    assert voice(Findings(packages=BOTH), "/voices/mine.onnx") == "mine"
    assert voice(Findings(), "espeak") == "espeak"
    with pytest.raises(ModelError, match="not on this machine"):
        voice(Findings(packages=BOTH, unreachable=NO_HUB), "de_DE-thorsten-medium")
    with pytest.raises(ModelError, match=r"voice-server\[piper\]"):
        voice(Findings(), "de_DE-thorsten-medium")
    with pytest.raises(ModelError, match="Did you mean"):
        voice(Findings(packages=BOTH), "de_DE_thorsten_medium")


def test_auto_takes_a_language_model_that_answers() -> None:
    found = Findings(llm=("Ollama", "http://127.0.0.1:11434/v1"))
    plan = plan_llm(LlmSettings(), found)
    assert (plan.engine, plan.url) == ("endpoint", "http://127.0.0.1:11434/v1")
    assert "Ollama" in plan.reason


def test_without_a_language_model_the_responder_says_that_it_is_none() -> None:
    plan = plan_llm(LlmSettings(), Findings())
    assert plan.engine == "offline"
    assert "not from a language model" in plan.notice


def test_a_language_model_by_address_is_taken() -> None:
    assert (
        plan_llm(LlmSettings(engine="http://gpu:8000/v1"), Findings()).url == "http://gpu:8000/v1"
    )
    assert plan_llm(LlmSettings(engine="offline"), Findings()).engine == "offline"
    with pytest.raises(
        ModelError, match="use auto, offline, scripted, vllm:MODEL, anthropic:MODEL or"
    ):
        plan_llm(LlmSettings(engine="gpt-5"), Findings())


def test_anthropic_has_an_address_of_its_own() -> None:
    plan = plan_llm(LlmSettings(engine="anthropic:claude-9"), Findings())
    assert (plan.engine, plan.llm, plan.url) == (
        "anthropic",
        "claude-9",
        "https://api.anthropic.com/v1",
    )
    with pytest.raises(ModelError, match="anthropic:MODEL"):
        plan_llm(LlmSettings(engine="anthropic:"), Findings())


def test_a_vllm_of_our_own() -> None:
    plan = plan_llm(LlmSettings(engine="vllm:Qwen/Qwen3-8B"), Findings())
    assert (plan.engine, plan.llm) == ("vllm", "Qwen/Qwen3-8B")
    with pytest.raises(ModelError, match="vllm:MODEL"):
        plan_llm(LlmSettings(engine="vllm:"), Findings())


def test_fallbacks_are_named_by_their_place() -> None:
    settings = LlmSettings.model_validate(
        {"fallbacks": [{"engine": "offline"}, {"engine": "scripted"}]}
    )
    with pytest.raises(ModelError, match=r"llm\.fallbacks\[1\]\.engine is 'scripted'"):
        plan_fallbacks(settings)


def test_scripted_engines_have_no_notices() -> None:
    plans = [
        plan_asr(AsrSettings(engine="scripted"), Findings()),
        plan_llm(LlmSettings(engine="scripted"), Findings()),
        plan_tts(TtsSettings(engine="scripted"), Findings()),
    ]
    assert [plan.engine for plan in plans] == ["scripted"] * 3
    assert not any(plan.notice or plan.must_fetch for plan in plans)


def test_servers_elsewhere_are_taken_by_address() -> None:
    url = "http://gpu:8000/v1"
    heard = plan_asr(AsrSettings(engine=url), Findings(unreachable=NO_HUB))
    said = plan_tts(TtsSettings(engine=url), Findings(unreachable=NO_HUB))
    assert [(plan.engine, plan.url) for plan in (heard, said)] == [("endpoint", url)] * 2
