"""The files of the project and what Python's own parser sees in them, for the house rules."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("audio", "models", "voice_server")
FOLDERS = (*PACKAGES, "web", "tests", "scripts", ".ci", "docs", "examples")

TEXT_SUFFIXES = frozenset(
    ("", ".py", ".js", ".mjs", ".html", ".css", ".md", ".toml", ".txt", ".json", ".yml", ".yaml")
)
GENERATED = ("__pycache__", "node_modules", "output")


def relative(path: Path) -> str:
    """A path as the reader of a failure wants it."""
    return path.relative_to(ROOT).as_posix()


def text_files() -> Iterator[Path]:
    """Every file that somebody wrote, model vocabularies left out."""
    for top in sorted(ROOT.iterdir()):
        if top.is_file() and top.suffix in TEXT_SUFFIXES and top.name != ".git":
            yield top  # in a worktree, `.git` is a file that git writes
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            written = not any(part in GENERATED for part in path.parts)
            if path.is_file() and written and path.suffix in TEXT_SUFFIXES:
                yield path


def sources() -> list[Path]:
    """The Python files of the three packages."""
    return [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


def test_modules() -> list[Path]:
    """Every file that pytest collects."""
    return sorted((ROOT / "tests").rglob("test_*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(), str(path))


def imported_packages(path: Path) -> set[str]:
    """First part of every name that the file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        match node:
            case ast.Import(names=aliases):
                names.update(alias.name.split(".")[0] for alias in aliases)
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module.split(".")[0])
            case ast.ImportFrom(level=level) if level:
                names.add(path.relative_to(ROOT).parts[0])
            case _:
                pass
    return names


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call with its dotted name, e.g. `time.sleep`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def category_markers(path: Path) -> list[str]:
    """Names of the markers in the module's `pytestmark`, e.g. `["pure"]`."""
    for node in tree(path).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
                return [
                    mark.attr
                    for mark in ast.walk(value)
                    if isinstance(mark, ast.Attribute) and ast.unparse(mark.value) == "pytest.mark"
                ]
            case _:
                pass
    return []
