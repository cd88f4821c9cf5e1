"""Rules that hold for every test: one category per module, and an event loop that stays free."""

import gc
import signal
from collections.abc import Generator, Iterable
from pathlib import Path

import hypothesis
import pytest

from tests.support.loop_watch import loop_watch

CATEGORIES = ("pure", "story", "engine", "socket", "browser")
WATCHED = ("pure", "story", "socket")
"""Engines load models where they please; no model work may reach our own loop."""

# A shell that runs this in the background has it ignore Control-C, and so would every server here.
signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile(
    "house",
    deadline=None,  # a busy machine is not a defect
    derandomize=True,
    database=None,
    max_examples=100,
)
hypothesis.settings.load_profile("house")


class CategorisedModule(pytest.Module):
    """A test module that says what it needs by exactly one category marker."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Refuse the module where the marker is missing or doubled."""
        collected = list(super().collect())
        found = [mark.name for mark in self.own_markers if mark.name in CATEGORIES]
        if len(found) != 1:
            raise self.CollectError(
                f"{self.path.name} needs exactly one category, e.g. `pytestmark = "
                f"pytest.mark.{CATEGORIES[0]}`; there are {', '.join(CATEGORIES)}; "
                f"found: {', '.join(found) or 'none'}"
            )
        return collected


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module:
    """Collect every test module as a categorised one."""
    return CategorisedModule.from_parent(parent, path=module_path)


def pytest_collection_finish() -> None:
    """Take what the imports left out of the garbage collector's sight: it would block the loop."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test whose event loop was blocked."""
    if not any(item.get_closest_marker(name) for name in WATCHED):
        return (yield)
    with loop_watch():
        return (yield)
