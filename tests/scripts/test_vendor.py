"""The library that the page carries is, byte for byte, the one that `scripts/vendor` names."""

import hashlib
import runpy

import pytest

from tests.support.server import ROOT

pytestmark = pytest.mark.pure


def test_the_shelf_holds_what_was_read() -> None:
    pinned = runpy.run_path(str(ROOT / "scripts" / "vendor"))
    shelf = ROOT / "web" / "vendor"
    library = (shelf / "marked.js").read_bytes()
    assert hashlib.sha256(library).hexdigest() == pinned["SHA256"]
    assert f"marked v{pinned['VERSION']} ".encode() in library
    assert "Permission is hereby granted" in (shelf / "marked.LICENSE.md").read_text()
