"""Mistakes become sentences and exit codes."""

import pytest
import typer

from models.errors import ModelError
from models.tts import SynthesisError
from voice_server.client.errors import ConnectionRefused, ServerFull
from voice_server.client.sound_card import SoundError
from voice_server.commands.explained import (
    EXIT_INTERRUPTED,
    EXIT_UNUSABLE,
    UsageError,
    as_assignments,
    explained,
)
from voice_server.recordings.audio_file import AudioFileError
from voice_server.settings import SettingsError

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    "kind",
    [
        AudioFileError,
        ConnectionRefused,
        ModelError,
        ServerFull,
        SettingsError,
        SoundError,
        SynthesisError,
        UsageError,
    ],
)
def test_what_can_be_put_right_is_one_sentence(
    kind: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as left, explained():
        raise kind("Do this instead.")
    assert left.value.exit_code == EXIT_UNUSABLE
    assert capsys.readouterr().err == "voice-server: Do this instead.\n"


def test_ctrl_c_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left, explained():
        raise KeyboardInterrupt
    assert left.value.exit_code == EXIT_INTERRUPTED
    assert capsys.readouterr().err == ""


def test_our_own_mistakes_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), explained():
        raise ZeroDivisionError


def test_options_that_were_not_given_assign_nothing() -> None:
    assert as_assignments({"a.b": None, "a.c": "x", "a.d": 1}) == ['a.c="x"', "a.d=1"]
