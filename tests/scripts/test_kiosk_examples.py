"""What the README shows of kiosks, loaded, parsed and run as it stands there."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from voice_server.cli import application
from voice_server.commands.kiosk_states import STATES
from voice_server.settings import load

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "scripts" / "examples"
UNIT = EXAMPLES / "voice-kiosk.service"


def section() -> str:
    _, _, rest = (ROOT / "README.md").read_text().partition("## Build a kiosk")
    return rest.partition("\n## ")[0]


def arguments(line: str) -> dict[str, object]:
    """The options of a `voice-server` command line, as its own parser reads them."""
    program, name, *options = shlex.split(line, comments=True)
    assert Path(program).name == "voice-server"
    group = typer.main.get_command(application)
    assert isinstance(group, TyperGroup)
    return group.commands[name].make_context(name, options).params


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # systemd minds the case
    parser.read_string(UNIT.read_text())
    return parser


def test_every_file_is_there() -> None:
    linked = re.findall(r"\((scripts/examples/[^)]+)\)", section())
    assert {Path(path).name for path in linked} == {UNIT.name, "kiosk.toml", "kiosk-lamp"}
    assert all((ROOT / path).is_file() for path in linked)


def test_the_settings_are_those_of_the_readme_and_can_be_loaded() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", section(), re.DOTALL)
    file = EXAMPLES / "kiosk.toml"
    assert file.read_text() == shown
    settings = load(file)
    assert settings.turn.wake_phrases == ("hey computer",)
    assert settings.limits.idle_timeout_s == 0


def test_the_commands_are_understood() -> None:
    (shown,) = re.findall(r"```sh\n(.*?)```", section(), re.DOTALL)
    serve, talk = map(arguments, shown.splitlines())
    assert Path(str(serve["config"])).name == "kiosk.toml"
    assert talk["kiosk"]
    assert Path(str(talk["on_state"])).name == "kiosk-lamp"


def test_the_unit_starts_a_kiosk_for_ever() -> None:
    service = unit()["Service"]
    started = arguments(service["ExecStart"])
    assert started["kiosk"]
    assert started["on_state"] == "/usr/local/bin/kiosk-lamp"
    assert service["Restart"] == "always"
    assert service["SupplementaryGroups"] == "audio"
    assert unit()["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    installed = tmp_path / UNIT.name
    program = unit()["Service"]["ExecStart"].split()[0]
    installed.write_text(UNIT.read_text().replace(program, sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(installed)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert UNIT.name not in done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("state", STATES)
def test_the_lamp_is_on_while_somebody_is_heard_or_answered(state: str, tmp_path: Path) -> None:
    lamp = tmp_path / "brightness"
    subprocess.run(
        [EXAMPLES / "kiosk-lamp", state], check=True, env={**os.environ, "LAMP": str(lamp)}
    )
    on = state in ("hearing", "thinking", "speaking")
    assert lamp.read_text().strip() == str(int(on))
