"""tests/ROWS.md is true: each row has tests that exist, or a reason; no test names another row."""

import ast
import re

import pytest

from tests.support import house

pytestmark = pytest.mark.pure

TESTS = house.ROOT / "tests"
ROW = re.compile(r"^\| ([SFRLMB]-\d\d?) \|(.*)\|$", re.MULTILINE)
ROWS: dict[str, str] = dict(ROW.findall((TESTS / "ROWS.md").read_text()))
NAMED = re.compile(r"`([^`]+\.py)(?:::(\w+))?`")
COMMAND = re.compile(r"`(scripts/\w+|voice-server bench \w+)`")
MENTIONED = re.compile(r"\b[SFRLMB]-\d\d?\b")


def named(row: str) -> list[tuple[str, str]]:
    """The files that a row names, below tests/, and the tests in them."""
    return [(file.replace("…/", "voice_server/"), test) for file, test in NAMED.findall(row)]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_shown_or_says_why_not(name: str) -> None:
    last = ROWS[name].rsplit("|", 1)[-1].strip()
    assert named(last) or COMMAND.search(last) or re.match(r"none: \w+", last)


@pytest.mark.parametrize("name", ROWS)
def test_what_a_row_names_exists(name: str) -> None:
    for file, test in named(ROWS[name]):
        path = TESTS / file
        assert path.is_file(), file
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        tests = {node.name for node in house.tree(path).body if isinstance(node, functions)}
        assert not test or test in tests, f"{file}::{test}"
    for command in COMMAND.findall(ROWS[name]):
        assert not command.startswith("scripts/") or (house.ROOT / command).is_file(), command


def test_no_row_is_there_twice() -> None:
    names = [name for name, _ in ROW.findall((TESTS / "ROWS.md").read_text())]
    assert len(names) == len(ROWS) >= 80


def test_no_test_names_a_row_that_is_not_there() -> None:
    for path in house.test_modules():
        assert set(MENTIONED.findall(path.read_text())) <= set(ROWS), path
