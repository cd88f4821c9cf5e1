"""Nobody watching is a way of watching."""

import pytest

from models.llm import ChatFailure, Completed
from models.llm.watcher import ChatWatcher, NobodyWatches

pytestmark = pytest.mark.pure


def test_nobody_minds() -> None:
    nobody: ChatWatcher = NobodyWatches()
    nobody.replied("tiny", Completed("stop"))
    nobody.warmed("tiny", Completed("length"))
    nobody.failed("tiny", ChatFailure.BROKEN)
    nobody.limit_hit("llm_streams")
    nobody.rested("tiny", resting=True)
    nobody.restarted("tiny")
