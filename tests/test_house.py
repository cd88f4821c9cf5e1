"""The house rules that no linter knows: layers, sizes, mirrored tests, honest waiting, links."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CATEGORIES
from tests.support import house

pytestmark = pytest.mark.pure

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

MAY_IMPORT = {
    "audio": {"audio"},
    "models": {"audio", "models"},
    "voice_server": {"audio", "models", "voice_server"},
}

LONG_FILES = {
    "voice_server/events.py": "the whole vocabulary in one place, all of it declarations",
}
"""Files that may be longer than the rest, and why."""

UNTESTED = {
    "audio/__init__.py": "constants",
    "models/__init__.py": "a docstring",
    "models/asr/__init__.py": "a Protocol and its values: every recogniser's tests are its tests",
    "models/llm/__init__.py": "a Protocol and its values: every model's tests are its tests",
    "models/tts/__init__.py": "a Protocol and its values: every voice's tests are its tests",
    "models/llm/vllm/__init__.py": "a docstring",
    "models/errors.py": "one exception class",
    "voice_server/__init__.py": "the version",
    "voice_server/conversation/__init__.py": "a docstring",
    "voice_server/conversation/house.py": "four values together; every story has one",
    "voice_server/conversation/turn_actions.py": "values: the turn machine's tests are its tests",
    "voice_server/recordings/__init__.py": "a docstring",
    "voice_server/door/__init__.py": "a docstring",
    "voice_server/door/doorstep.py": "a real socket: tests/conformance and tests/limits test it",
    "voice_server/door/front_door.py": "real sockets: tests/conformance and tests/limits test it",
    "voice_server/door/reception.py": "a real socket: tests/conformance are its tests",
    "voice_server/signals.py": "the whole process: tests/sockets are its tests",
    "voice_server/app.py": "routes and processes: tests/sockets are its tests",
    "voice_server/identity/__init__.py": "a docstring",
    "voice_server/identity/store.py": "a Protocol: tests/support/store_contract.py tests them all",
    "voice_server/calls/__init__.py": "a docstring",
    "voice_server/calls/call.py": "tests/stories/test_coming_back.py, tests/sockets are its tests",
    "voice_server/calls/keeper.py": "tests/stories/test_going_on_elsewhere.py are its tests",
    "voice_server/calls/lost_calls.py": "tests/stories/test_going_on_elsewhere.py are its tests",
    "voice_server/conversation/beginning.py": "values: tests/voice_server/calls/test_adoption.py",
    "voice_server/calls/greeting.py": "a client's first seconds: tests/sockets are its tests",
    "voice_server/calls/incoming.py": "tests/sockets/test_bad_input.py are its tests",
    "voice_server/calls/line.py": "a Protocol",
    "voice_server/calls/register.py": "tests/stories/test_coming_back.py are its tests",
    "voice_server/calls/resumption.py": "tests/stories/test_coming_back.py are its tests",
    "voice_server/calls/terms.py": "three values together; every call has one",
    "voice_server/links/call_maker.py": "tests/stories/test_coming_back.py are its tests",
    "voice_server/links/caller.py": "tests/sockets are its tests",
    "voice_server/links/operator.py": "tests/stories/test_coming_back.py are its tests",
    "voice_server/links/switchboard.py": "real sockets: tests/sockets are its tests",
    "voice_server/links/realtime.py": "real sockets: tests/sockets are its tests",
    "voice_server/links/phone.py": "real sockets: tests/phone are its tests",
    "voice_server/links/asterisk.py": "real sockets: tests/phone are its tests",
    "voice_server/links/voice.py": "two routes: tests/sockets are its tests",
    "voice_server/links/websocket.py": "a real socket: tests/sockets are its tests",
    "voice_server/settings/__init__.py": "names",
    "voice_server/settings/auth.py": "declarations: the loader's tests are their tests",
    "voice_server/settings/budgets.py": "declarations: the loader's tests are their tests",
    "voice_server/settings/engines.py": "declarations: the loader's tests are their tests",
    "voice_server/settings/limits.py": "declarations: the loader's tests are their tests",
    "voice_server/settings/realtime.py": "declarations: the loader's tests are their tests",
    "voice_server/settings/phone.py": "declarations: the loader's tests are their tests",
    "voice_server/wires/phone/__init__.py": "values and a Protocol: every dialect's tests are its",
    "voice_server/settings/server.py": "declarations: the loader's tests are their tests",
    "voice_server/settings/store.py": "declarations: the loader's tests are their tests",
    "voice_server/stores/__init__.py": "a docstring",
    "voice_server/settings/tools.py": "declarations: the loader's tests are their tests",
    "voice_server/settings/tree.py": "declarations: the loader's tests are their tests",
    "voice_server/settings/turn.py": "declarations: the loader's tests are their tests",
    "voice_server/settings/transcripts.py": "declarations: the loader's tests are their tests",
    "voice_server/transcripts/__init__.py": "a docstring",
    "voice_server/client/__init__.py": "names; every test of the client imports through it",
    "voice_server/commands/__init__.py": "a docstring",
    "voice_server/bench/__init__.py": "a docstring",
    "voice_server/bench/load/__init__.py": "a docstring",
    "voice_server/bench/gpu/__init__.py": "a docstring",
    "voice_server/bench/gpu/scale.py": "two values: the dry run in test_command.py is their test",
    "voice_server/bench/gpu/decodes.py": "a process: the dry run in test_command.py is its test",
    "voice_server/bench/gpu/replies.py": "the dry run in test_command.py is its test",
    "voice_server/bench/gpu/talkers.py": "real time: the dry run in test_command.py is its test",
    "voice_server/bench/asr/__init__.py": "a docstring",
    "voice_server/links/__init__.py": "a docstring",
    "voice_server/links/wyoming.py": "a real socket: tests/sockets/test_wyoming.py is its test",
    "voice_server/settings/wyoming.py": "declarations: the loader's tests are their tests",
    "voice_server/wires/__init__.py": "a docstring",
    "voice_server/wires/wyoming/__init__.py": "a docstring",
    "voice_server/wires/realtime/__init__.py": "a docstring",
    "voice_server/wires/wire.py": "Protocols: every wire's tests are its tests",
}
"""Files without a test file of their own, and why."""

WALL_CLOCK = {
    "voice_server/commands/token.py": "says when something was revoked",
    "models/llm/responder.py": "answers what time it is",
    "voice_server/links/openai_relay.py": "chat completions say when they were made",
    "voice_server/links/call_maker.py": "processes share no other clock for how old a call is",
    "voice_server/links/realtime.py": "clients are told when their session will end",
    "voice_server/door/certificate.py": "certificates hold from one date to another",
}
"""Files that may ask for the time of day, and why."""

EVENT_READERS = (
    "voice_server/wires/",
    "voice_server/conversation/session.py",
    "voice_server/conversation/reply.py",
)
"""Where a new event must not pass unnoticed."""

# Written in pieces, so that this file obeys its own rules.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~$}/-])/(?:work|root|Users/\w+|home/\w+)/" + r"\w")
REGISTRY_HOST = re.compile(r"\b(?:pypi\.\w+|python" + r"hosted\.org|npm" + r"js\.(?:org|com))\b")

LINK = re.compile(r"\]\((?![a-z]+:|#)([^)\s#]+)")


def _ids(paths: list[Path]) -> list[str]:
    return [house.relative(path) for path in paths]


SOURCES = house.sources()
TESTS = house.test_modules()
each_source = pytest.mark.parametrize("path", SOURCES, ids=_ids(SOURCES))
each_test_module = pytest.mark.parametrize("path", TESTS, ids=_ids(TESTS))


@each_source
def test_layers_point_one_way(path: Path) -> None:
    package = house.relative(path).split("/")[0]
    ours = house.imported_packages(path) & {*house.PACKAGES, "tests", "scripts"}
    assert ours <= MAY_IMPORT[package]


@each_source
def test_vllm_is_spoken_to_and_never_imported(path: Path) -> None:
    assert "vllm" not in house.imported_packages(path)


def _mirror(path: Path) -> Path:
    relative = path.relative_to(house.ROOT)
    return house.ROOT / "tests" / relative.parent / f"test_{relative.name}"


@each_source
def test_every_source_file_has_its_test_file(path: Path) -> None:
    expected = house.relative(path) not in UNTESTED
    assert _mirror(path).is_file() is expected, house.relative(_mirror(path))


def test_no_exception_outlives_its_file() -> None:
    listed = {*UNTESTED, *WALL_CLOCK, *LONG_FILES}
    assert [name for name in sorted(listed) if not (house.ROOT / name).is_file()] == []


@each_source
def test_files_are_small(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert (lines > FILE_LINES_MAX) is (house.relative(path) in LONG_FILES), f"{lines} lines"


@each_source
def test_functions_are_small(path: Path) -> None:
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(house.tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= FUNCTION_LINES_MAX
    }
    assert long == {}


def _lines_with(pattern: re.Pattern[str]) -> Iterator[str]:
    for path in house.text_files():
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if pattern.search(line):
                yield f"{house.relative(path)}:{number}: {line.strip()[:80]}"


@pytest.mark.parametrize(
    "pattern", [UNFINISHED, MACHINE_PATH, REGISTRY_HOST], ids=["unfinished", "path", "registry"]
)
def test_no_line_speaks_of_unfinished_work_or_of_one_machine(pattern: re.Pattern[str]) -> None:
    assert list(_lines_with(pattern)) == []


def test_constraints_are_names_and_versions() -> None:
    lines = (house.ROOT / "scripts" / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9._-]+==[\w.+!]+", line)] == []


@each_test_module
def test_test_modules_have_one_category(path: Path) -> None:
    assert len([mark for mark in house.category_markers(path) if mark in CATEGORIES]) == 1


def _is_a_yield(call: ast.Call) -> bool:
    return bool(call.args) and ast.unparse(call.args[0]) == "0"


@each_test_module
def test_tests_wait_for_events(path: Path) -> None:
    """Sleeping is waiting for luck; in a story it is virtual, and says when something happens."""
    forbidden = {"time.sleep", "sleep"}
    if "story" not in house.category_markers(path):
        forbidden.add("asyncio.sleep")
    sleeps = [
        f"line {call.lineno}: {ast.unparse(call)}"
        for name, call in house.calls(path)
        if (name in forbidden and not _is_a_yield(call)) or name.endswith(".wait_for_timeout")
    ]
    assert sleeps == []


@each_source
def test_the_time_of_day_is_asked_where_it_is_the_answer(path: Path) -> None:
    asked = [
        f"line {call.lineno}: {name}"
        for name, call in house.calls(path)
        if name in ("time.time", "datetime.now", "datetime.datetime.now", "datetime.utcnow")
    ]
    assert bool(asked) is (house.relative(path) in WALL_CLOCK), asked


def _chooses_by_event(match: ast.Match) -> bool:
    """True where a case names a class of ours: those begin with a capital."""
    classes = (node for node in ast.walk(match) if isinstance(node, ast.MatchClass))
    capital = any(ast.unparse(node.cls).split(".")[-1][0].isupper() for node in classes)
    return capital and isinstance(match.subject, ast.Name)


def _is_checked_by_types(match: ast.Match) -> bool:
    """True where mypy complains about an event without a case.

    Because the last case says `assert_never`, or hands what is left to somebody who takes only
    that, or because a function that must return something would return nothing.
    """
    handed_on = f"({ast.unparse(match.subject)})" in ast.unparse(match.cases[-1])
    answered = all(isinstance(case.body[-1], ast.Return | ast.Raise) for case in match.cases)
    return handed_on or (answered and not _is_wildcard(match.cases[-1]))


def _is_wildcard(case: ast.match_case) -> bool:
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None


@each_source
def test_a_new_event_cannot_pass_unnoticed(path: Path) -> None:
    if not house.relative(path).startswith(EVENT_READERS):
        return
    open_ended = [
        f"line {node.lineno}: match {ast.unparse(node.subject)}"
        for node in ast.walk(house.tree(path))
        if isinstance(node, ast.Match)
        and _chooses_by_event(node)
        and not _is_checked_by_types(node)
    ]
    assert open_ended == []


PROSE = [path for path in house.text_files() if path.suffix == ".md"]


@pytest.mark.parametrize("path", PROSE, ids=_ids(PROSE))
def test_links_in_prose_lead_somewhere(path: Path) -> None:
    targets = LINK.findall(path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []
