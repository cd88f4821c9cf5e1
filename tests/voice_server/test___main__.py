"""The package runs as a program, which is how the tests start their servers."""

import subprocess
import sys

import pytest

from voice_server import __version__

pytestmark = pytest.mark.pure


def test_the_package_is_the_console_command() -> None:
    command = [sys.executable, "-m", "voice_server", "--version"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == __version__
