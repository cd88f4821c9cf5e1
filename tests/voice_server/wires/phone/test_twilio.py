"""Twilio's dialect, where its golden sequence does not go."""

import json

import pytest

from voice_server.closes import ErrorCode
from voice_server.wires.phone import CallStarted, Misunderstood
from voice_server.wires.phone.twilio import Twilio

pytestmark = pytest.mark.pure


def start(**media_format: object) -> str:
    call = {"streamSid": "MZ1", "callSid": "CA1", "mediaFormat": media_format}
    return json.dumps({"event": "start", "start": call})


@pytest.mark.parametrize(
    "told", [{"encoding": "opus"}, {"encoding": "audio/l16"}, {"sampleRate": 1}]
)
def test_other_formats_than_mu_law_end_the_call(told: dict[str, object]) -> None:
    (problem,) = Twilio().read(start(**told))
    assert isinstance(problem, Misunderstood)
    assert (problem.code, problem.fatal) == (ErrorCode.UNSUPPORTED_FORMAT, True)


def test_parameters_come_with_the_call() -> None:
    message = json.loads(start())
    message["start"]["customParameters"] = {"language": "de", "n": 1}
    (call,) = Twilio().read(json.dumps(message))
    assert isinstance(call, CallStarted)
    assert call.parameters == {"language": "de", "n": "1"}


def test_binary_messages_are_not_twilios() -> None:
    assert isinstance(Twilio().read(b"x")[0], Misunderstood)
