"""Makes a Piper voice tell how long each phoneme lasts: a copy of its graph with one more output.

`onnx` holds the interpreter while it reads and writes a graph: a quarter of a second for a voice of
60 MB, in which nobody would hear anything. So large ones are rewritten by a process of its own,
which is this module called as a script, and the copy is loaded from its file, which holds nothing
up. Needs the extra `onnx` of Piper; without it a voice stays as it is.
"""

import subprocess
import sys
from pathlib import Path

from models.errors import ModelError

HERE_BYTES_MAX = 4_000_000
"""Smaller graphs are rewritten in some milliseconds."""

_PATIENCE_S = 120
_AS_IT_IS, _DAMAGED = 3, 2


def with_alignments(path: Path, folder: Path) -> Path:
    """Write the copy into `folder` and return its path, or `path` where there is nothing to add.

    Blocks. Raises `ModelError` for a file that is no graph.
    """
    copy = folder / path.name
    large = path.stat().st_size > HERE_BYTES_MAX
    written = _in_a_process(path, copy) if large else write_aligned(path, copy)
    return copy if written else path


def write_aligned(path: Path, copy: Path) -> bool:
    """Write the copy; False where `onnx` is missing, or the graph has no durations to show."""
    try:
        import onnx  # noqa: PLC0415
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # noqa: PLC0415
        from piper.patch_voice_with_alignment import add_alignment_output  # noqa: PLC0415
    except ImportError:
        return False
    try:
        model = onnx.load_from_string(path.read_bytes())
        add_alignment_output(model)
    except DecodeError as error:
        raise ModelError(f"{path} is not an ONNX file, or it is damaged") from error
    except ValueError:  # no durations to show, or they are shown already
        return False
    copy.write_bytes(model.SerializeToString())
    return True


def _in_a_process(path: Path, copy: Path) -> bool:
    command = [sys.executable, "-P", "-m", "models.tts.piper_alignments", str(path), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    if done.returncode == _DAMAGED:
        raise ModelError(done.stderr.strip())
    if done.returncode not in (0, _AS_IT_IS):
        last = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise ModelError(f"{path} could not be read by its process ({last})")
    return done.returncode == 0


def main() -> int:
    """Rewrite one graph, as `with_alignments` asks."""
    try:
        return 0 if write_aligned(Path(sys.argv[1]), Path(sys.argv[2])) else _AS_IT_IS
    except ModelError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a process of its own
        return _DAMAGED


if __name__ == "__main__":
    sys.exit(main())
