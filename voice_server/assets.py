"""Where the files lie that travel with the code: the page here, models in the package `models`."""

from pathlib import Path

PACKAGE = Path(__file__).parent
CANDIDATES = (PACKAGE / "web", PACKAGE.parent / "web")
"""Inside an installed wheel; beside the packages in a checkout."""


class AssetsMissing(FileNotFoundError):
    """The installation is incomplete; the message says how to mend it."""


def web_dir(candidates: tuple[Path, ...] = CANDIDATES) -> Path:
    """The folder with `index.html`. Raises `AssetsMissing`."""
    for folder in candidates:
        if (folder / "index.html").is_file():
            return folder
    places = " nor ".join(str(folder) for folder in candidates)
    raise AssetsMissing(f"no page: index.html is neither in {places}; install voice-server again")
