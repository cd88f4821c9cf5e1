"""Clips are read as they were written; a folder without them is explained."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.voice_server.bench.logs import floor_clip, turn_clip
from voice_server.bench.clips import INDEX, ClipsError, ClipSet, load_clips, write_index

pytestmark = pytest.mark.pure


def test_written_and_read(tmp_path: Path) -> None:
    clips = (turn_clip(), floor_clip("cough"))
    soundfile.write(tmp_path / "turn.wav", np.arange(100, dtype=np.int16), 16_000)
    write_index(ClipSet(7, clips), tmp_path)
    found = load_clips(tmp_path)
    assert (found.seed, found.clips) == (7, clips)
    assert found.samples(found.clips[0]).tolist() == list(range(100))
    assert found.clips[0].text == "hello there."


@pytest.mark.parametrize("content", [None, "{", '{"seed": 1}'])
def test_what_cannot_be_read_says_how_to_make_it(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / INDEX).write_text(content)
    with pytest.raises(ClipsError, match="scripts/make_turn_clips"):
        load_clips(tmp_path)
