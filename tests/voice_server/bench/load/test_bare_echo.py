"""The echo that everything is compared with gives every frame back."""

import pytest

from voice_server.bench.load.bare_echo import bare_echo
from voice_server.bench.load.generator import run_block
from voice_server.bench.load.orders import Order

pytestmark = pytest.mark.socket


def test_every_frame_comes_back() -> None:
    with bare_echo() as (port, pid):
        order = Order(port, pid, path="/v1/voice", greets=False, ramp_s=0.1, warm_s=0, seconds=0.5)
        block = run_block(order)
    (session,) = block.sessions
    assert session.refusal == ""
    assert {size for _, size in session.audio} == {640}
    assert len(session.audio) >= 25
