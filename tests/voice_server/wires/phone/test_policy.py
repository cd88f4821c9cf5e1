"""Who may call, and what a call's session is like."""

import pytest

from audio.formats import AudioFormat, Codec, FormatError
from voice_server.closes import ErrorCode
from voice_server.settings import Settings
from voice_server.wires.phone import CallStarted
from voice_server.wires.phone.policy import (
    PROFILE,
    call_name,
    call_policy,
    matches,
    number_allowed,
    telephone_format,
)

pytestmark = pytest.mark.pure

FORMAT = AudioFormat(Codec.PCMU, 8000)
SECRET = "a-secret-of-the-phone"


def settings(**sections: object) -> Settings:
    return Settings.model_validate(sections)


def started(**parameters: str) -> CallStarted:
    return CallStarted("CA1", FORMAT, parameters)


def test_a_call_needs_the_token_where_there_is_one() -> None:
    policy = call_policy(settings(phone={"token": SECRET}), vouched=False)
    assert policy.refusal(started(token=SECRET)) is None
    for parameters in ({}, {"token": "wrong"}):
        refusal = policy.refusal(started(**parameters))
        assert refusal
        assert (refusal.code, refusal.fatal) == (ErrorCode.UNAUTHORIZED, True)
        assert SECRET not in repr(policy)


def test_a_call_that_has_proved_itself_needs_none() -> None:
    assert call_policy(settings(phone={"token": SECRET}), vouched=True).refusal(started()) is None
    assert call_policy(settings(), vouched=False).refusal(started()) is None


def test_the_session_is_as_the_parameters_want_it() -> None:
    call = started(language="de", voice="gmw/de", instructions="Kurz!", token="x")
    options = call_policy(settings(), vouched=True).options("twilio", call, ("pause",))
    assert (options.input, options.output_codec, options.output_rate) == (FORMAT, Codec.PCMU, 8000)
    config = options.config
    assert (config.language, config.voice, config.instructions) == ("de", "gmw/de", "Kurz!")
    assert options.client == "twilio CA1"
    assert options.playback_reports
    assert options.features == {"pause"}


def test_the_profile_suits_a_telephone_unless_the_operator_has_chosen() -> None:
    patch = call_policy(settings(), vouched=True).turn
    assert patch == {**PROFILE, "user_idle_ms": 20_000}
    chosen = settings(turn={"silence_ms": 900}, phone={"silence_s": 0})
    patch = call_policy(chosen, vouched=True).turn
    assert "silence_ms" not in patch
    assert patch["user_idle_ms"] == 0
    off = settings(phone={"profile": "none"})
    assert call_policy(off, vouched=True).turn == {"user_idle_ms": 20_000}


def test_callers_need_no_wake_phrase() -> None:
    kiosk = settings(turn={"wake_phrases": ["hey computer"]})
    assert call_policy(kiosk, vouched=True).turn["wake_phrases"] == ()


def test_the_profile_is_one_that_turns_accept() -> None:
    Settings.model_validate({"turn": {**PROFILE}})


@pytest.mark.parametrize(
    ("number", "allowed", "expected"),
    [
        ("+431", (), True),
        ("+431", ("+431",), True),
        ("+4312", ("+431",), False),
        ("+4312", ("+49*", "+43*"), True),
        ("", ("+43*",), False),
    ],
)
def test_numbers_are_allowed_whole_or_by_prefix(
    number: str, allowed: tuple[str, ...], expected: bool
) -> None:
    assert number_allowed(number, allowed) is expected


def test_names_of_calls_fit_into_a_line_of_the_log() -> None:
    assert call_name("twilio", "CA\n1\x00é") == "twilio CA1"
    assert len(call_name("x", "9" * 1000)) == 66


def test_secrets_match_whole() -> None:
    assert matches("b", ("a", "b"))
    assert not matches("", ("a",))
    assert not matches("\ud83d", ("a",))


@pytest.mark.parametrize(
    ("name", "rate", "codec"),
    [
        ("audio/x-mulaw", 8000, Codec.PCMU),
        ("PCMA", 8000, Codec.PCMA),
        ("L16", 16_000, Codec.PCM_S16LE),
    ],
)
def test_formats_have_many_names(name: str, rate: int, codec: Codec) -> None:
    assert telephone_format(name, rate) == AudioFormat(codec, rate)


def test_other_formats_are_refused() -> None:
    with pytest.raises(FormatError, match="Accepted"):
        telephone_format("OPUS", 8000)
