"""Each protocol's own sizes, refusals and closes."""

import pytest

from voice_server.closes import CLOSES, ErrorCode
from voice_server.identity.identity import Refusal
from voice_server.links.manners import OURS, Manners
from voice_server.settings import LimitSettings

pytestmark = pytest.mark.pure

REFUSAL = Refusal(ErrorCode.UNAUTHORIZED, "A key is needed.")


def test_our_own() -> None:
    limits = LimitSettings()
    assert OURS.limits(limits) is limits
    assert OURS.close_code(ErrorCode.INTERNAL) == CLOSES[ErrorCode.INTERNAL].code
    body = {"error": {"code": "unauthorized", "message": "A key is needed."}}
    assert OURS.refusal(REFUSAL) == body


def test_where_audio_comes_as_text() -> None:
    wordy = Manners(lambda code: 1008, lambda refusal: {}, text_bytes_max=1_000_000)
    limits = wordy.limits(LimitSettings())
    assert (limits.message_bytes_max, limits.text_bytes_max) == (1_000_000, 1_000_000)
    assert limits.idle_timeout_s == LimitSettings().idle_timeout_s


def test_where_clients_are_silent_for_longer() -> None:
    patient = Manners(lambda code: 1008, lambda refusal: {}, idle_timeout_s=900.0)
    limits = patient.limits(LimitSettings())
    assert limits.idle_timeout_s == 900.0
    assert limits.text_bytes_max == LimitSettings().text_bytes_max
