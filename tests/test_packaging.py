"""The wheel works where no checkout is: page, models and command are inside."""

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parent.parent

ASSETS = [
    "voice_server/web/index.html",
    "models/catalog.toml",
    "models/assets/story.txt",
    "models/assets/bundled-asr/model.bin",
    "models/assets/bundled-asr/tokenizer.json",
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once, with the build backend itself, so that no network is needed."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installing a pure Python wheel without its dependencies is unpacking it."""
    target = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def _names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def _python(installed: Path, code: str) -> str:
    """What `code` prints where only the installed packages, and the libraries, are to be seen."""
    command = [sys.executable, "-P", "-c", code]
    environment = {"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, cwd=installed, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", ASSETS)
def test_the_wheel_carries(wheel: Path, name: str) -> None:
    assert name in _names(wheel)


def test_the_wheel_carries_nothing_else_at_the_top(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in _names(wheel)}
    tops = {top for top in tops if not top.endswith(".dist-info")}
    assert tops == {"audio", "models", "voice_server"}


def test_the_installed_page_is_found(installed: Path) -> None:
    found = _python(installed, "from voice_server.assets import web_dir; print(web_dir())")
    assert Path(found) == installed / "voice_server" / "web"


def test_the_installed_models_are_found(installed: Path) -> None:
    code = "from importlib.resources import files; print(files('models') / 'assets')"
    assert Path(_python(installed, code)) == installed / "models" / "assets"


def test_the_installed_command_starts(installed: Path) -> None:
    entry_points = configparser.ConfigParser()
    (file,) = installed.glob("*.dist-info/entry_points.txt")
    entry_points.read_string(file.read_text())
    module, function = entry_points["console_scripts"]["voice-server"].split(":")
    code = f"import sys; sys.argv[1:] = ['--help']; from {module} import {function}; {function}()"
    assert "serve" in _python(installed, code)
