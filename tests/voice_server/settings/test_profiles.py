"""Profiles: above the defaults, below everything that the operator says."""

from pathlib import Path

import pytest

from voice_server.settings import Settings, load
from voice_server.settings.report import report

pytestmark = pytest.mark.pure


def test_a_kiosk_is_called_by_name_and_never_sent_away() -> None:
    kiosk = load(assignments=["server.profile=kiosk"])
    assert kiosk.turn.wake_phrases
    assert kiosk.turn.half_duplex == "auto"
    assert kiosk.limits.idle_timeout_s == 0
    assert kiosk.limits.session_s_max == 86_400


def test_what_the_operator_says_is_stronger_even_if_it_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text('[server]\nprofile = "kiosk"\n[turn]\nwake_phrases = ["Hal"]\n')
    monkeypatch.setenv("VOICE_SERVER_LIMITS__IDLE_TIMEOUT_S", "120")
    kiosk = load(file, ["turn.half_duplex=off"])
    assert kiosk.turn.wake_phrases == ("Hal",)
    assert kiosk.turn.half_duplex == "off"
    assert kiosk.limits.idle_timeout_s == 120
    assert kiosk.limits.session_s_max == 86_400


def test_without_a_profile_nothing_changes() -> None:
    assert load().model_dump() == Settings().model_dump()


def test_the_report_names_the_profile() -> None:
    lines = report(None, ["server.profile=kiosk"]).splitlines()
    (line,) = (line for line in lines if line.startswith("session_s_max ="))
    assert line.endswith("# profile kiosk")
