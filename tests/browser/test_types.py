"""The page's JSDoc types, checked by the TypeScript compiler."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import node

pytestmark = [pytest.mark.browser, node.may_install]

WEB = Path(__file__).parents[2] / "web"


@pytest.fixture(scope="module")
def compiler() -> Path:
    return node.packages({"typescript": "7.0.2"}) / "node_modules" / "typescript" / "bin" / "tsc"


def _complaints(compiler: Path, folder: Path) -> str:
    project = folder / "jsconfig.json"
    command = [str(node.BINARIES / "node"), str(compiler), "--project", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    return done.stdout + done.stderr


def test_the_page_is_well_typed(compiler: Path) -> None:
    assert _complaints(compiler, WEB) == ""


def test_a_wrong_type_is_found(compiler: Path, tmp_path: Path) -> None:
    shutil.copytree(WEB, tmp_path / "web")
    with (tmp_path / "web" / "waterfall.js").open("a") as file:
        file.write("\nduration({ ms: 5 });\n")
    assert "waterfall.js" in _complaints(compiler, tmp_path / "web")
