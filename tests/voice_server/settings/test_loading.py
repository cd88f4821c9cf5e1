"""Settings: which source wins, what is refused and in which words, and what is never shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.settings import (
    Settings,
    SettingsError,
    TurnSettings,
    assigned,
    load,
    patched,
)

pytestmark = pytest.mark.pure

SECRET = "x7Qp-do-not-show-me"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own environment plays no part."""
    for name in ("VOICE_SERVER_TURN__SILENCE_MS", "VOICE_SERVER_AUTH__KEYS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "voice-server.toml"
    path.write_text('[turn]\nsilence_ms = 600\n[asr]\nengine = "small"\n')
    return path


def refusal(*assignments: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(None, assignments)
    return str(refused.value)


def test_without_any_source_defaults_hold() -> None:
    assert load().model_dump() == Settings().model_dump()


def test_file_then_environment_then_command_line(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(file).turn.silence_ms == 600
    monkeypatch.setenv("VOICE_SERVER_TURN__SILENCE_MS", "700")
    assert load(file).turn.silence_ms == 700
    settings = load(file, ["turn.silence_ms=800"])
    assert settings.turn.silence_ms == 800
    assert settings.asr.engine == "small", "what the others do not mention stays"
    assert settings.turn.onset_ms == Settings().turn.onset_ms


def test_later_assignments_win() -> None:
    assert load(None, ["turn.silence_ms=300", "turn.silence_ms=400"]).turn.silence_ms == 400


def test_assignments_are_toml_or_else_plain_text() -> None:
    assert assigned(["a.b=1", "a.c=[1, 2]", "a.d=true", "a.e=en_US", 'a.f="1"', "a.g=x=y"]) == {
        "a": {"b": 1, "c": [1, 2], "d": True, "e": "en_US", "f": "1", "g": "x=y"}
    }


def test_a_value_cannot_smuggle_in_a_second_key() -> None:
    assert assigned(["a.b=1\nc = 2"]) == {"a": {"b": "1\nc = 2"}}


@given(st.text(), st.text())
def test_any_assignment_is_a_tree_or_a_sentence(key: str, value: str) -> None:
    try:
        assert isinstance(assigned([f"{key}={value}"]), dict)
    except SettingsError as error:
        assert "section.key=value" in str(error)


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("turn.silence=5", "turn.silence: no such setting; did you mean 'silence_ms'?"),
        ("trun.silence_ms=5", "trun: no such setting; did you mean 'turn'?"),
        ("asr.scripted.textz=5", "asr.scripted.textz: no such setting; did you mean 'texts'?"),
        ("turn.silence_ms=5", "turn.silence_ms: input should be greater than or equal to 100"),
        ("turn.mode=loud", "turn.mode: input should be 'vad' or 'manual', not 'loud'"),
        ("turn=5", "turn: this is a section, write section.key=value"),
        ("auth.keys=a", 'auth.keys: a list is expected, such as ["a", "b"]'),
        ("turn", "'turn': write section.key=value"),
        ("turn..x=1", "'turn..x': write section.key=value"),
    ],
)
def test_refusals_say_what_would_be_right(assignment: str, sentence: str) -> None:
    assert refusal(assignment).startswith(sentence)


def test_every_problem_gets_its_sentence() -> None:
    lines = refusal("turn.silence_ms=1", "server.port=99999").splitlines()
    assert [line.split(":")[0] for line in lines] == ["server.port", "turn.silence_ms"]


def test_a_mistyped_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_SERVER_TRUN__SILENCE_MS", "300")
    with pytest.raises(SettingsError, match=r"VOICE_SERVER_TRUN__SILENCE_MS.*did you mean 'turn'"):
        load()
    monkeypatch.delenv("VOICE_SERVER_TRUN__SILENCE_MS")
    monkeypatch.setenv("VOICE_SERVER_TURN__SILENCE_MZ", "300")
    with pytest.raises(SettingsError, match=r"silence_mz: no such setting.*silence_ms"):
        load()


def test_a_list_in_the_environment_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_SERVER_AUTH__KEYS", f'["{SECRET}"]')
    assert load().auth.keys == (SECRET,)
    monkeypatch.setenv("VOICE_SERVER_AUTH__KEYS", SECRET)
    with pytest.raises(SettingsError, match="JSON") as refused:
        load()
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "assignment",
    [
        f"auth.keys={SECRET}",
        f'auth.keys=[["{SECRET}"]]',
        f"auth={SECRET}",
        f"auth.kays={SECRET}",
        f'llm.api_key=["{SECRET}"]',
        f"llm={SECRET}",
        f'llm=["{SECRET}"]',
    ],
)
def test_no_refusal_shows_a_secret(assignment: str) -> None:
    assert SECRET not in refusal(assignment)


def test_no_repr_shows_a_secret() -> None:
    settings = load(None, [f'auth.keys=["{SECRET}"]', f"llm.api_key={SECRET}"])
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[turn", "not valid TOML"),
        (b"\xff\xfe", "not valid TOML"),
        (b"[trun]\nsilence_ms = 1", "trun: no such setting; did you mean 'turn'?"),
        (b"turn = 3", "turn: this is a section"),
    ],
)
def test_a_bad_file_is_explained(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=sentence.replace("?", r"\?")):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: no such settings file"):
        load(tmp_path / "none.toml")


def test_a_patch_is_validated_and_leaves_the_original() -> None:
    section = TurnSettings()
    assert patched(section, {"silence_ms": 300}).silence_ms == 300
    assert section.silence_ms == TurnSettings().silence_ms
    with pytest.raises(SettingsError, match="silence: no such setting; did you mean 'silence_ms'"):
        patched(section, {"silence": 300})
    with pytest.raises(SettingsError, match="silence_ms: input should be greater"):
        patched(section, {"silence_ms": 1})
