"""Which recognisers are measured: the bundled one, constructed ones of true shape, or your own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from models.asr.whisper_loader import find_folder
from models.asr.whisper_worker import WorkerOrder
from models.catalog import BUNDLED
from models.hub import bundled_asr
from voice_server.bench.asr.chain_whisper import BASE, TINY, Shape, save_chain_whisper

SHAPES: dict[str, Shape] = {"tiny-shape": TINY, "base-shape": BASE}
MODELS = (BUNDLED, *SHAPES)
MARGIN_MS = 2560


@dataclass(frozen=True, slots=True)
class Subject:
    """One model."""

    name: str
    asr: str
    """What `serve --asr` takes."""
    order: WorkerOrder
    """How to load it without a server."""
    understands: bool
    """False for constructed models: their words say nothing about what was said."""


@contextmanager
def subjects(names: Sequence[str]) -> Iterator[list[Subject]]:
    """All of them; constructed ones exist until the block ends. Raises `ModelError`."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory()))
        yield [_subject(name, scratch) for name in names]


def _subject(name: str, scratch: Path) -> Subject:
    if name == BUNDLED:
        return Subject(name, name, WorkerOrder(str(bundled_asr()), "short", 0), understands=True)
    if name in SHAPES:
        folder = save_chain_whisper(scratch / name, SHAPES[name])
        return Subject(name, str(folder), _stock(folder), understands=False)
    return Subject(name, name, _stock(find_folder(name)), understands=True)


def _stock(folder: Path) -> WorkerOrder:
    return WorkerOrder(str(folder), "margin", MARGIN_MS)
