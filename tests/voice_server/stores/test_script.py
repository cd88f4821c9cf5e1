"""Scripts are called by the digest that Redis gives them."""

import pytest

from voice_server.stores.script import Script

pytestmark = pytest.mark.pure


def test_the_digest_is_that_of_the_text() -> None:
    assert Script("nothing", "return 0").digest == "06d3d9b2060dd51343d5f19f0e531f15c507e3d1"
