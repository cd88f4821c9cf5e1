"""The report: TOML that can be read back, with the source of every value, without secrets."""

import tomllib
from pathlib import Path

import pytest

from voice_server.settings import Settings, SettingsError, load
from voice_server.settings.report import report

pytestmark = pytest.mark.pure

SECRET = "x7Qp-do-not-show-me"


def line(text: str, key: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"{key} ="))


def test_every_value_says_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[turn]\nonset_ms = 70\nsilence_ms = 600\npre_roll_ms = 150\n")
    monkeypatch.setenv("VOICE_SERVER_TURN__SILENCE_MS", "700")
    monkeypatch.setenv("VOICE_SERVER_TURN__PRE_ROLL_MS", "160")
    text = report(file, ["turn.pre_roll_ms=170"])
    assert line(text, "onset_ms").split() == ["onset_ms", "=", "70", "#", "file", str(file)]
    assert line(text, "silence_ms").split() == ["silence_ms", "=", "700", "#", "environment"]
    assert line(text, "pre_roll_ms").split("# ")[1] == "command line"
    assert line(text, "speech_ms_min").split("# ")[1] == "default"


def test_what_is_printed_can_be_loaded_again(tmp_path: Path) -> None:
    assignments = ["turn.silence_ms=400", 'llm.apology="Tut mir \\"leid\\", é."', "asr.language=de"]
    file = tmp_path / "printed.toml"
    file.write_text(report(None, assignments))
    assert load(file).model_dump() == load(None, assignments).model_dump()


def test_every_setting_is_there() -> None:
    printed = tomllib.loads(report(None, ()))
    assert list(printed) == list(Settings.model_fields)
    for name, section in Settings():
        assert {key for key, value in section if value is not None} <= set(printed[name])


def test_secrets_are_hidden() -> None:
    secrets = [f'auth.keys=["{SECRET}"]', f"auth.secret={SECRET}", f"llm.api_key={SECRET}"]
    secrets.append(f"store.url=redis://voice:{SECRET}@cache")
    text = report(None, secrets)
    assert SECRET not in text
    assert line(text, "keys").split("# ")[1] == "command line"
    assert tomllib.loads(text)["llm"]["api_key"] == "[hidden]"
    assert tomllib.loads(report(None, ()))["llm"]["api_key"] == "", "nothing to hide"


def test_tables_in_lists_are_shown_without_their_secrets() -> None:
    fallback = f'{{engine = "offline", api_key = "{SECRET}"}}'
    text = report(None, [f"llm.fallbacks=[{fallback}]"])
    assert SECRET not in text
    assert tomllib.loads(text)["llm"]["fallbacks"] == [
        {"engine": "offline", "model": "auto", "api_key": "[hidden]"}
    ]


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(SettingsError):
        report(None, ["turn.silence_ms=1"])
