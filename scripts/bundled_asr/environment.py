"""A virtual environment of its own for the training, made on first use.

The server needs no PyTorch, so the training brings it in a place of its own: `.cache/train`,
installed by pip from the pinned `requirements.txt` beside this file. A stamp holds the digest
of what was installed; while it matches, the set-up costs one file read. Standard library only:
this file runs before anything is installed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
ENVIRONMENT = Path(__file__).parents[2] / ".cache" / "train"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / "requirements.sha256"


def enter() -> None:
    """Return inside the training environment; from anywhere else, replace the process by one there.

    Raises SystemExit with a remedy when the environment cannot be made.
    """
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    ENVIRONMENT.parent.mkdir(parents=True, exist_ok=True)
    with ENVIRONMENT.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two commands at once must not both install
        if not is_current():
            create()
    os.execv(PYTHON, [str(PYTHON), *sys.argv])


def is_current() -> bool:
    """Whether the environment holds what `requirements.txt` asks for."""
    return STAMP.is_file() and PYTHON.exists() and STAMP.read_text() == wanted_stamp()


def wanted_stamp() -> str:
    """Digest of the requirements."""
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def create() -> None:
    """Make the environment and install the requirements, replacing what was there."""
    print(f"setting up {ENVIRONMENT} (PyTorch included; once, some minutes)", flush=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    try:
        make_bare()
        # pip rather than uv: it takes a CPU-only build of PyTorch wherever its configuration
        # offers one, instead of gigabytes of GPU libraries that this training does not use.
        pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
        quiet = [] if sys.stdout.isatty() else ["--quiet", "--quiet"]
        subprocess.run([*pip, *quiet, "--requirement", str(REQUIREMENTS)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            f"The training environment could not be made: {error}\n"
            "It needs Python's venv module (Debian: python3-venv) or uv, and a package index."
        ) from error
    STAMP.write_text(wanted_stamp())


def make_bare() -> None:
    """An empty environment with pip: by the venv module, or by uv where venv has no pip to give."""
    try:
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
    except subprocess.CalledProcessError:
        uv = ["uv", "venv", "--quiet", "--clear", "--seed", "--python", sys.executable]
        subprocess.run([*uv, str(ENVIRONMENT)], check=True)
