"""Whether files are what was published: compared with the digest that their hub gave for them.

A hub names large files by their SHA-256 and small ones by their git blob id; `huggingface_hub`
keeps that name, in its cache as the name of the file and in a folder as a note beside it. It
compares sizes only, so the bytes are compared here.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

_READ_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIT_BLOB = re.compile(r"[0-9a-f]{40}")


def is_intact(path: Path, digest: str) -> bool | None:
    """Whether a file has this SHA-256 or git blob id; None for a digest of another kind."""
    if _SHA256.fullmatch(digest):
        summing = hashlib.sha256()
    elif _GIT_BLOB.fullmatch(digest):
        summing = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    else:
        return None
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            summing.update(data)
    return summing.hexdigest() == digest


def cached_digest(path: Path) -> str | None:
    """What the cache of Hugging Face says about one of its files."""
    blob = path.resolve()
    return blob.name if blob.parent.name == "blobs" else None


def noted_digest(folder: Path, file: str) -> str | None:
    """What `huggingface_hub` has noted about a file that it wrote into a folder."""
    note = folder / ".cache" / "huggingface" / "download" / f"{file}.metadata"
    try:
        _commit, digest, *_ = note.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    return digest


def listed_digests(folder: Path) -> Mapping[str, str]:
    """What the `manifest.json` of a model of ours says about its files, by name."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {name: str(entry["sha256"]) for name, entry in manifest["files"].items()}
