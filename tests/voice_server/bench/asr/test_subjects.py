"""Which models can be asked for, and that constructed ones go away again."""

from pathlib import Path

import pytest

from models.errors import ModelError
from voice_server.bench.asr.subjects import subjects

pytestmark = pytest.mark.engine


def test_the_bundled_one_and_a_constructed_one() -> None:
    with subjects(["bundled", "tiny-shape"]) as (bundled, constructed):
        assert bundled.understands
        assert bundled.order.window == "short"
        assert not constructed.understands
        assert constructed.order.window == "margin"
        folder = Path(constructed.asr)
        assert (folder / "model.bin").stat().st_size > 100_000_000
    assert not folder.exists()


def test_one_that_is_not_here_is_named() -> None:
    with pytest.raises(ModelError, match="no-such-model"), subjects(["./no-such-model"]):
        pass
