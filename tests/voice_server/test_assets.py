"""The page is found, and its absence is explained."""

from pathlib import Path

import pytest

from voice_server.assets import AssetsMissing, web_dir

pytestmark = pytest.mark.pure


def _page(folder: Path) -> Path:
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html>")
    return folder


def test_the_checkout_has_its_page() -> None:
    assert (web_dir() / "index.html").is_file()


def test_the_installed_page_wins(tmp_path: Path) -> None:
    installed, checkout = _page(tmp_path / "installed"), _page(tmp_path / "checkout")
    assert web_dir((installed, checkout)) == installed


def test_a_folder_without_a_page_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert web_dir((tmp_path / "empty", _page(tmp_path / "web"))) == tmp_path / "web"


def test_a_missing_page_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing, match=r"one.*nor.*two; install voice-server again"):
        web_dir((tmp_path / "one", tmp_path / "two"))
