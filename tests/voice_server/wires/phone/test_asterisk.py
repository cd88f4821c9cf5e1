"""chan_websocket's dialect, where its golden sequences do not go."""

import json

import numpy as np
import pytest

from audio.formats import AudioFormat, Codec
from voice_server.wires.phone import CallEnded, CallStarted, Mark, Misunderstood, Play
from voice_server.wires.phone.asterisk import Asterisk

pytestmark = pytest.mark.pure

COMMAND_BYTES_MAX = 128
MESSAGE_BYTES_MAX = 65_500
"""Asterisk ignores longer commands, and hangs up at longer messages."""


def start(format: str) -> str:
    return f"MEDIA_START connection_id:c format:{format} optimal_frame_size:320 ptime:20"


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("slin", AudioFormat(Codec.PCM_S16LE, 8000)),
        ("slin16", AudioFormat(Codec.PCM_S16LE, 16_000)),
        ("slin48", AudioFormat(Codec.PCM_S16LE, 48_000)),
        ("ulaw", AudioFormat(Codec.PCMU, 8000)),
        ("alaw", AudioFormat(Codec.PCMA, 8000)),
    ],
)
def test_formats_have_asterisks_names(name: str, format: AudioFormat) -> None:
    asterisk = Asterisk({"language": "de"})
    assert asterisk.read(start(name)) == [CallStarted("c", format, {"language": "de"})]
    (message,) = asterisk.write(Play(np.zeros(format.rate // 10, np.int16)))
    assert len(message) == format.rate // 10 * format.frame_bytes <= MESSAGE_BYTES_MAX


@pytest.mark.parametrize("name", ["opus", "slin192", "", "g729"])
def test_other_formats_end_the_call(name: str) -> None:
    (problem,) = Asterisk({}).read(start(name))
    assert isinstance(problem, Misunderstood)
    assert problem.fatal


@pytest.mark.parametrize("first", [start("slin"), '{"event":"MEDIA_START","format":"slin"}'])
def test_commands_are_short_and_in_the_form_of_the_first_event(first: str) -> None:
    asterisk = Asterisk({})
    asterisk.read(first)
    (mark,) = asterisk.write(Mark("4294967295:4294967295:4294967295"))
    assert isinstance(mark, str)
    assert len(mark) <= COMMAND_BYTES_MAX
    assert mark.startswith("{") is first.startswith("{")


def test_channel_variables_of_ours_are_parameters_and_win_over_the_url() -> None:
    variables = {"VOICE_INSTRUCTIONS": "Be brief.", "CALLERID": "x", "VOICE_N": 1}
    event = {"event": "MEDIA_START", "format": "slin16", "channel_variables": variables}
    (call,) = Asterisk({"instructions": "Be long.", "token": "t"}).read(json.dumps(event))
    assert isinstance(call, CallStarted)
    assert call.parameters == {"instructions": "Be brief.", "token": "t"}


def test_a_hang_up_ends_the_call() -> None:
    assert Asterisk({}).read("HANGUP") == [CallEnded()]
