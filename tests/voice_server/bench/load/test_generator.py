"""The generator: its messages, its own lateness, and sessions of the real server."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.support.servers import BRISK, SCRIPTED, TURNS
from voice_server.bench.command import bench_commands
from voice_server.bench.live import server
from voice_server.bench.load.generator import encoded, run_block
from voice_server.bench.load.null_tier import port_of, spacious, turn_delays_ms
from voice_server.bench.load.orders import Order

pytestmark = pytest.mark.socket

SAMPLES = np.arange(320, dtype=np.int16)


def test_a_frame_is_binary_or_openais_json() -> None:
    order = Order(port=1, pid=1)
    assert encoded(SAMPLES, order)[8:] == SAMPLES.tobytes()
    message = encoded(SAMPLES, Order(port=1, pid=1, microphone="base64"))
    told = json.loads(message[8:])
    assert told["type"] == "input_audio_buffer.append"
    assert len(base64.b64decode(told["audio"])) == 960


def test_talkers_are_answered_and_listeners_are_not() -> None:
    with server((*SCRIPTED, "--offline", *TURNS, *BRISK, *spacious(2))) as (url, pid):
        order = Order(
            port_of(url),
            pid,
            sessions=2,
            talkers=1,
            speech="What time is it?",
            every_s=3.5,
            ramp_s=0.1,
            warm_s=0,
            seconds=3.5,
        )
        block = run_block(order)
    talker, listener = block.sessions
    assert talker.audio != []
    assert listener.audio == []
    assert listener.refusal == talker.refusal == ""
    assert [delay is not None for delay in turn_delays_ms(block)] == [True]
    assert block.late_ms is not None
    assert block.late_ms.n >= 2 * 150
    assert block.resident_bytes > 10_000_000


def test_who_is_refused_voids_the_block() -> None:
    with server((*SCRIPTED, "--offline", "--set", "limits.sessions_max=1")) as (url, pid):
        order = Order(
            port_of(url), pid, sessions=2, microphone="none", ramp_s=0.1, warm_s=0, seconds=0.2
        )
        block = run_block(order)
    assert block.void is not None
    assert block.void.startswith("1 sessions were not there")


def test_a_generator_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="the load generator failed"):
        run_block(Order(port=1, pid=1 << 30))


def test_the_command_measures_beside_an_echo_and_writes_three_files(tmp_path: Path) -> None:
    options = [
        "--sessions",
        "2",
        "--rounds",
        "1",
        "--seconds",
        "0.5",
        "--part",
        "costs",
        "--attempts",
        "1",
    ]
    done = CliRunner().invoke(bench_commands, ["load", *options, "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "listening / bare echo" in done.stdout
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["load.json", "load.md", "load.svg"]
