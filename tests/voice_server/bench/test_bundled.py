"""The bundled recogniser can be loaded outside of an event loop."""

import pytest

from voice_server.bench.bundled import bundled_recognizer

pytestmark = pytest.mark.engine


def test_it_is_the_bundled_one() -> None:
    assert bundled_recognizer().name == "faster-whisper:bundled"
